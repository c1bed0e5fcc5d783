import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { fixturePath, packedDataset, png, temporaryFolder } from "../../src/data/testing.fixture.js";
import { vision, type NativeInspection } from "../../src/data/vision.js";

function inspect(path: string): NativeInspection {
  return vision().inspectImages({ kind: "files", paths: [path] }, 1, "whole")[0]!;
}

/** The number of bits in which two hashes differ. */
function distance(a: string, b: string): number {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll("0", "").length;
}

/** A photograph of the embedded data. */
const photograph = join(import.meta.dirname, "../../examples/caltech20-lt/train/helicopter/image_0003.jpg");

describe("what a file is", () => {
  it.each<[string, Partial<NativeInspection>]>([
    ["rgb.jpg", { format: "jpeg", width: 12, height: 8, bits: 8, color: "rgb", alpha: false }],
    ["grey.jpg", { format: "jpeg", color: "gray" }],
    ["cmyk.jpg", { format: "jpeg", color: "cmyk", alpha: false }],
    ["orientation-6.jpg", { orientation: 6, width: 12, height: 8 }],
    ["rgba.png", { format: "png", color: "rgb", alpha: true }],
    ["grey-alpha.png", { format: "png", color: "gray", alpha: true }],
    ["png-inside.jpg", { format: "png" }],
    ["lossless.webp", { format: "webp", width: 7, height: 5 }],
  ])("%s", (name, expected) => {
    const content = readFileSync(fixturePath(name));
    expect(inspect(fixturePath(name))).toMatchObject({
      error: null,
      warning: null,
      truncated: false,
      bytes: content.length,
      ...expected,
    });
  });

  it("a header is enough for most of it", () => {
    const [found] = vision().inspectImages({ kind: "files", paths: [photograph] }, 1, "header");
    const { width, height, format, color, bytes } = inspect(photograph);
    expect(found).toMatchObject({ error: null, width, height, format, color, bytes, contrast: 0 });
  });

  it("pixels in memory have no file", () => {
    const { pixels } = packedDataset(3, 4, (image) => image);
    const found = vision().inspectImages(pixels, 2, "whole");
    expect(found).toHaveLength(3);
    expect(found[2]).toMatchObject({ error: null, format: "pixels", width: 4, height: 4 });
    expect(found[2]!.contrast).toBeCloseTo(0);
    expect(found[0]!.fileHash).not.toBe(found[1]!.fileHash);
  });
});

describe("what is wrong", () => {
  /** The finding, without the folder's random name. */
  function complaint(name: string, content: Uint8Array | string): Partial<NativeInspection> {
    using folder = temporaryFolder();
    const path = join(folder.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    const { error, warning, truncated, huge, format } = inspect(path);
    return { error, warning, truncated, huge, format };
  }
  const whole = readFileSync(photograph);

  it("is said, and nothing throws", () => {
    const damaged = Buffer.from(whole);
    damaged.fill("\xff\xd3", 900, 902, "latin1"); // a restart mark where there is none
    const found = {
      empty: complaint("a.jpg", ""),
      text: complaint("a.jpg", "hello"),
      gif: complaint("a.png", "GIF89a..."),
      bmp: complaint("a.jpg", "BM......"),
      huge: complaint("a.png", png(2, 2, { declared: [50_000, 40_000] })),
      header: complaint("a.jpg", whole.subarray(0, 100)),
      half: complaint("a.jpg", whole.subarray(0, whole.length / 2)),
      damaged: complaint("a.jpg", damaged),
    };
    expect(found).toMatchInlineSnapshot(`
      {
        "bmp": {
          "error": "expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found other content",
          "format": null,
          "huge": false,
          "truncated": false,
          "warning": null,
        },
        "damaged": {
          "error": null,
          "format": "jpeg",
          "huge": false,
          "truncated": false,
          "warning": "VipsJpeg: Corrupt JPEG data: premature end of data segment",
        },
        "empty": {
          "error": "the file is empty",
          "format": null,
          "huge": false,
          "truncated": false,
          "warning": null,
        },
        "gif": {
          "error": "cannot be decoded, the file is damaged or truncated (gifload_buffer: no frames in GIF)",
          "format": "gif",
          "huge": false,
          "truncated": false,
          "warning": null,
        },
        "half": {
          "error": "cannot be decoded, the file is damaged or truncated (VipsJpeg: premature end of JPEG image)",
          "format": "jpeg",
          "huge": false,
          "truncated": true,
          "warning": null,
        },
        "header": {
          "error": "cannot be decoded, the file is damaged or truncated (VipsJpeg: premature end of JPEG image)",
          "format": "jpeg",
          "huge": false,
          "truncated": true,
          "warning": null,
        },
        "huge": {
          "error": "expected at most 268435456 pixels, found 50000 x 40000 (height x width)",
          "format": "png",
          "huge": true,
          "truncated": false,
          "warning": null,
        },
        "text": {
          "error": "expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found other content",
          "format": null,
          "huge": false,
          "truncated": false,
          "warning": null,
        },
      }
    `);
  });

  it("a file that is missing or cut off anywhere is an error", () => {
    expect(inspect("/nowhere/a.jpg").error).toBe("/nowhere/a.jpg: cannot be read: No such file or directory");
    for (const name of ["progressive.jpg", "rgb.png", "lossless.webp"]) {
      const content = readFileSync(fixturePath(name));
      const end = content.length - (name.endsWith(".png") ? 12 : 0); // a PNG ends with an empty chunk
      for (let length = 0; length < end; length += 9) {
        expect(complaint(name, content.subarray(0, length)).error, `${name}, ${length} bytes`).not.toBeNull();
      }
    }
  });
});

describe("fingerprints", () => {
  it("equal images in other files have the same pixels and not the same file", () => {
    using folder = temporaryFolder();
    const copy = join(folder.path, "copy.jpg");
    const content = readFileSync(photograph);
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 6]), Buffer.from("note")]);
    writeFileSync(copy, Buffer.concat([content.subarray(0, 2), comment, content.subarray(2)]));
    const [original, commented] = [inspect(photograph), inspect(copy)];
    expect(commented.fileHash).not.toBe(original.fileHash);
    expect(commented.pixelHash).toBe(original.pixelHash);
    expect(commented.colors).toEqual(original.colors);
  });

  it("hashes are of the upright image, and a mirror image has the mirrored hash", () => {
    const [upright, mirror, turned] = [1, 2, 3].map((n) => inspect(fixturePath(`orientation-${n}.jpg`)));
    expect(mirror!.hash).toBe(upright!.mirrored);
    expect(mirror!.mirrored).toBe(upright!.hash);
    expect(distance(turned!.hash, upright!.hash)).toBeGreaterThan(20);
  });

  it("half of a hash's bits are set; other images differ in about half", () => {
    const other = inspect(join(dirname(photograph), "../scorpion/image_0024.jpg"));
    const one = inspect(photograph);
    expect(distance(one.hash, "0")).toBe(32);
    expect(distance(one.hash, other.hash)).toBeGreaterThan(16);
  });

  it("a smaller, recompressed copy is near", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "small.jpg");
    writeFileSync(path, vision().makeThumbnails({ kind: "files", paths: [photograph] }, 50, 1)[0]!);
    expect(inspect(path).width).toBe(50);
    expect(distance(inspect(path).hash, inspect(photograph).hash)).toBeLessThanOrEqual(4);
  });

  it("are the same for any number of threads", () => {
    const paths = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? photograph : fixturePath("rgb.jpg")));
    const [one, four] = [1, 4].map((threads) =>
      vision().inspectImages({ kind: "files", paths }, threads, "whole"),
    );
    expect(four).toEqual(one);
  });
});

describe("thumbnails", () => {
  it("are upright, fit the square and show what is left of a damaged file", () => {
    using folder = temporaryFolder();
    const [half, turned] = ["half.jpg", "turned.jpg"].map((name) => join(folder.path, name));
    const content = readFileSync(photograph);
    writeFileSync(half!, content.subarray(0, content.length / 2));
    const paths = [photograph, half!, fixturePath("orientation-6.jpg"), "/nowhere.jpg"];
    const made = vision().makeThumbnails({ kind: "files", paths }, 48, 2);
    expect(made[3]).toBeNull();
    const sizes = made.slice(0, 3).map((file) => {
      using _ = scope();
      writeFileSync(turned!, file!);
      return new Tensor(vision().decodeImage(turned!)).shape;
    });
    expect(Math.max(...sizes[0]!)).toBe(48);
    expect(sizes[1]).toEqual(sizes[0]);
    expect(sizes[2]).toEqual([12, 8, 3]);
  });
});
