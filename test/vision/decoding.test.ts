/** Run twice: with the system's libjpeg-turbo, where it has one, and by decoding-vips.test.ts without. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/support/errors.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { fixturePath, jpeg, png, temporaryFolder } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";

function decode(path: string): { height: number; width: number; rgb: string } {
  using _ = scope();
  const image = new Tensor(vision().decodeImage(path));
  const [height = 0, width = 0, channels] = image.shape;
  expect(channels).toBe(3);
  return { height, width, rgb: Buffer.from(image.toArray() as Uint8Array).toString("base64") };
}

const { decode: expected } = JSON.parse(readFileSync(fixturePath("expected.json"), "utf8")) as {
  decode: Record<string, { height: number; width: number; rgb: string }>;
};

const jpegs = readdirSync(fixturePath("jpeg")).filter((name) => name.endsWith(".jpg"));

describe("decoding", () => {
  it.each(Object.keys(expected))("%s has Pillow's values", (name) => {
    expect(decode(fixturePath(name))).toEqual(expected[name]);
  });

  it.each(jpegs)("fixtures/jpeg/%s is within 1 of Pillow's values", (name) => {
    const path = fixturePath(`jpeg/${name}`);
    const found = decode(path);
    const pillow = decode(path.replace(".jpg", ".png"));
    expect([found.height, found.width]).toEqual([pillow.height, pillow.width]);
    const values = Buffer.from(pillow.rgb, "base64");
    const differences = Buffer.from(found.rgb, "base64").map((value, i) => Math.abs(value - values[i]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  });

  it("16 bits become 8: the upper ones, as Pillow's", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "deep.png");
    const value = (y: number, x: number, channel: number): number => 9973 * y + 1237 * x + 21_001 * channel;
    writeFileSync(path, png(2, 3, { bits: 16, value }));
    const upper = Array.from({ length: 18 }, (_, i) => {
      const [y, x, channel] = [Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3];
      return value(y, x, channel) >> 8;
    });
    expect([...Buffer.from(decode(path).rgb, "base64")]).toEqual(upper);
  });

  it("takes any file name", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a [page=2], ü.jpg");
    writeFileSync(path, readFileSync(fixturePath("rgb.jpg")));
    expect(decode(path)).toEqual(expected["rgb.jpg"]);
  });
});

describe("a file that is not whole", () => {
  it.each([
    "rgb.jpg",
    "progressive.jpg",
    "grey.jpg",
    "orientation-6.jpg",
    "lossless.webp",
    "rgb.png",
    "palette.png",
  ])("%s is refused wherever it was cut", (name) => {
    using folder = temporaryFolder();
    const content = readFileSync(fixturePath(name));
    const path = join(folder.path, name);
    const pixelsEnd = content.length - (name.endsWith(".png") ? 12 : 0); // a PNG ends with an empty chunk
    for (let length = 0; length < pixelsEnd; length += 7) {
      writeFileSync(path, content.subarray(0, length));
      expect(() => decode(path)).toThrowError(DataError);
      expect(() => decode(path)).toThrowError(path);
    }
  });
});

/** A JPEG whose header lies about its size. */
function jpegOfSize(height: number, width: number): Buffer {
  const content = Buffer.from(jpeg());
  const frame = content.indexOf(Buffer.of(0xff, 0xc0));
  content.writeUInt16BE(height, frame + 5);
  content.writeUInt16BE(width, frame + 7);
  return content;
}

it("refuses a progressive JPEG with more scans than anyone writes", () => {
  using folder = temporaryFolder();
  const content = readFileSync(fixturePath("progressive.jpg"));
  const [scan, end] = [content.lastIndexOf(Buffer.of(0xff, 0xda)), content.length - 2];
  const path = join(folder.path, "scans.jpg");
  const many = Array<Buffer>(200).fill(content.subarray(scan, end));
  writeFileSync(path, Buffer.concat([content.subarray(0, scan), ...many, content.subarray(end)]));
  expect(() => decode(path)).toThrowError(/scans/);
});

describe("a file that is no image", () => {
  /** The message, without the folder's random name. */
  function complaint(write: (path: string) => void): string {
    using folder = temporaryFolder();
    const path = join(folder.path, "image.jpg");
    write(path);
    try {
      decode(path);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      return (error as DataError).message.replace(folder.path, "DIR");
    }
    throw new Error("expected an error");
  }

  it("says what it found", () => {
    expect({
      missing: complaint(() => undefined),
      folder: complaint((path) => mkdirSync(path)),
      empty: complaint((path) => {
        writeFileSync(path, "");
      }),
      text: complaint((path) => {
        writeFileSync(path, "<svg/>");
      }),
      huge: complaint((path) => {
        writeFileSync(path, png(2, 2, { declared: [50_000, 40_000] }));
      }),
      hugeJpeg: complaint((path) => {
        writeFileSync(path, jpegOfSize(50_000, 40_000));
      }),
    }).toMatchInlineSnapshot(`
      {
        "empty": "DIR/image.jpg: the file is empty",
        "folder": "DIR/image.jpg: expected an image file, found something that is not a file",
        "huge": "DIR/image.jpg: expected at most 268435456 pixels, found 50000 x 40000 (height x width)",
        "hugeJpeg": "DIR/image.jpg: expected at most 268435456 pixels, found 50000 x 40000 (height x width)",
        "missing": "DIR/image.jpg: cannot be read: No such file or directory",
        "text": "DIR/image.jpg: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found svg",
      }
    `);
  });
});
