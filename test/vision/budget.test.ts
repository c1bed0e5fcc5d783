/** Files whose headers declare more than their bytes hold, or more than a decode may take. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fixturePath, jpeg, temporaryFolder } from "../../src/data/testing.fixture.js";
import { inspectImages, vision } from "../../src/data/vision.js";
import { decodedFile } from "./pixels.fixture.js";

const MIB = 2 ** 20;

interface PngOptions {
  /** Bytes of the image data before they are compressed; what the header declares unless given. */
  readonly bytes?: number;
  readonly interlaced?: boolean;
  readonly bits?: 8 | 16;
  readonly channels?: 1 | 3 | 4;
}

/** A black PNG. */
function blackPng(
  height: number,
  width: number,
  { channels = 3, bits = 8, interlaced = false, bytes }: PngOptions = {},
): Buffer {
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  header[9] = { 1: 0, 3: 2, 4: 6 }[channels];
  header[12] = interlaced ? 1 : 0;
  const all = (1 + (width * channels * bits) / 8) * height + (interlaced ? 8 * height : 0); // more rows, with a byte each
  const data = deflateSync(Buffer.alloc(bytes ?? all), { level: 9 });
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A lossless WebP of one color: five prefix codes of one symbol each, and no bits at all for the pixels. */
function flatWebp(height: number, width: number): Buffer {
  const bits: number[] = [];
  const put = (value: number, count: number): void => {
    for (let i = 0; i < count; i++) bits.push((value >> i) & 1);
  };
  put(0x2f, 8);
  put(width - 1, 14);
  put(height - 1, 14);
  put(0, 7); // no alpha, version 0; no transform, no cache of colors, one group of codes
  for (let i = 0; i < 5; i++) put(0b0001, 4);
  const data = Buffer.alloc(8);
  bits.forEach((bit, i) => (data[i >> 3]! |= bit << (i & 7)));
  const container = Buffer.from("RIFF\0\0\0\0WEBPVP8L\0\0\0\0", "latin1");
  container.writeUInt32LE(12 + data.length, 4);
  container.writeUInt32LE(data.length, 16);
  return Buffer.concat([container, data]);
}

/** A JPEG whose header lies about its size, with `padding` bytes before the mark of its end. */
function jpegOfSize(name: string, { height, width, padding = 0 }: Record<string, number>): Buffer {
  const content = Buffer.from(name === "" ? jpeg() : readFileSync(fixturePath(name)));
  const frame = Math.max(content.indexOf(Buffer.of(0xff, 0xc0)), content.indexOf(Buffer.of(0xff, 0xc2)));
  content.writeUInt16BE(height!, frame + 5);
  content.writeUInt16BE(width!, frame + 7);
  return Buffer.concat([content, Buffer.alloc(padding), Buffer.of(0xff, 0xd9)]);
}

/** Bytes by which `work` made this process's memory grow at its highest. */
function grownBy(work: () => void): number {
  const bytes = (key: string): number =>
    Number(
      new RegExp(`${key}:\\s+(?<kib>\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))!.groups!["kib"],
    ) * 1024;
  vision();
  writeFileSync("/proc/self/clear_refs", "5"); // the highest so far becomes what there is now
  const before = bytes("VmRSS");
  work();
  return bytes("VmHWM") - before;
}

function complaint(content: Buffer): string {
  using folder = temporaryFolder();
  const path = join(folder.path, "image");
  writeFileSync(path, content);
  let said = "no error";
  const grown = grownBy(() => {
    try {
      decodedFile(path);
    } catch (error) {
      said = String(error).replace(folder.path, "DIR");
    }
  });
  expect(grown).toBeLessThan(64 * MIB);
  const [inspected] = vision().inspectImages({ kind: "files", paths: [path] }, 1, "whole");
  expect(said).toContain(inspected!.error!); // `data check` says what training says
  return said;
}

describe("a header that declares too much is refused before anything is decoded", () => {
  it("says what was found and the limit", () => {
    const padding = 16_384 ** 2 / 512;
    expect({
      side: complaint(blackPng(800_000, 4)),
      pixels: complaint(blackPng(40_000, 40_000, { bytes: 10 })),
      interlaced: complaint(blackPng(16_000, 16_000, { bytes: 10, interlaced: true, bits: 16, channels: 4 })),
      webp: complaint(flatWebp(16_383, 16_383)),
      progressive: complaint(jpegOfSize("progressive.jpg", { height: 16_384, width: 16_384, padding })),
    }).toMatchInlineSnapshot(`
      {
        "interlaced": "DataError: DIR/image: expected an interlaced PNG of at most 67108864 pixels, which is decoded at once, found 16000 x 16000 (height x width): save it as a JPEG or a plain PNG",
        "pixels": "DataError: DIR/image: expected at most 268435456 pixels, found 40000 x 40000 (height x width)",
        "progressive": "DataError: DIR/image: expected an image whose decoding takes at most 2048 MiB of memory, found a progressive JPEG of 16384 x 16384 (height x width), which takes 2304 MiB: make it smaller",
        "side": "DataError: DIR/image: expected sides of at most 65500 pixels, found 800000 x 4 (height x width)",
        "webp": "DataError: DIR/image: expected a WebP of at most 67108864 pixels, which is decoded at once, found 16383 x 16383 (height x width): save it as a JPEG or a plain PNG",
      }
    `);
  });

  it("a file that is too small for its header is truncated or damaged", () => {
    expect({
      png: complaint(blackPng(10_000, 10_000, { bytes: 1000 })),
      jpeg: complaint(jpegOfSize("", { height: 10_000, width: 10_000 })),
      progressive: complaint(jpegOfSize("progressive.jpg", { height: 10_000, width: 10_000 })),
    }).toMatchInlineSnapshot(`
      {
        "jpeg": "DataError: DIR/image: cannot be decoded, the file is damaged or truncated (its header declares 10000 x 10000 (height x width), which takes at least 195312 bytes, found 710)",
        "png": "DataError: DIR/image: cannot be decoded, the file is damaged or truncated (its header declares 10000 x 10000 (height x width), which takes at least 290707 bytes, found 74)",
        "progressive": "DataError: DIR/image: cannot be decoded, the file is damaged or truncated (its header declares 10000 x 10000 (height x width), which takes at least 195312 bytes, found 627)",
      }
    `);
  });

  it("data check calls the first too large and the second truncated", () => {
    using folder = temporaryFolder();
    const paths = ["huge.png", "cut.png"].map((name) => join(folder.path, name));
    writeFileSync(paths[0]!, blackPng(70_000, 1));
    writeFileSync(paths[1]!, blackPng(10_000, 10_000, { bytes: 1000 }).subarray(0, -12));
    const found = vision().inspectImages({ kind: "files", paths }, 1, "header");
    expect(found).toMatchObject([
      { huge: true, truncated: false, height: 70_000, width: 1 },
      { huge: false, truncated: true, height: 10_000, width: 10_000 },
    ]);
  });
});

describe("what is within the budget", () => {
  it.each([
    ["a tall PNG", blackPng(65_500, 4), [65_500, 4, 3]],
    ["an interlaced PNG", blackPng(300, 200, { interlaced: true, channels: 4 }), [300, 200, 3]],
    ["a flat WebP", flatWebp(2000, 1000), [2000, 1000, 3]],
  ] as const)("%s decodes, in little memory", (_, content, shape) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "image");
    writeFileSync(path, content);
    let decoded: ReturnType<typeof decodedFile> | undefined;
    const grown = grownBy(() => (decoded = decodedFile(path)));
    expect(decoded!.shape).toEqual(shape);
    expect(decoded!.pixels.every((value) => value === 0)).toBe(true);
    expect(grown).toBeLessThan(128 * MIB);
  });
});

describe("closing a producer ends the decoding of the image in work", () => {
  const [height, width] = [8192, 16_384];
  it.each([
    ["PNG", blackPng(height, width, { channels: 1 })],
    ["JPEG", jpegOfSize("", { height, width, padding: (height * width) / 512 })],
  ])("%s", (_, content) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "image");
    writeFileSync(path, content);
    const grown = grownBy(() => {
      const producer = vision().openProducer({
        pixels: { kind: "files", paths: [path] },
        views: [[{ kind: "resize-exact", interpolation: "bilinear", height: 8, width: 8 }]],
        drawn: [[]],
        size: 8,
        seed: 0,
        threads: 1,
        prefetch: 1,
        reduce: false,
        pinned: false,
        normalizer: null,
      });
      const [images, counts] = [Int32Array.of(0), Int32Array.of(0)];
      vision().planBatches(producer, { epoch: 0, images, counts, batch: 1 });
      expect(vision().nextBatch(producer, 10)).toBeUndefined();
      vision().closeProducer(producer);
    });
    expect(grown).toBeLessThan((height * width * 3) / 2); // a page counts when a row is written there
  });
});

describe("an interruption while native threads work", () => {
  const large = blackPng(8192, 16_384, { channels: 1 });

  it("ends the images in work of an inspection", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "large.png");
    writeFileSync(path, large);
    const paths = Array.from({ length: 64 }, () => path);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1); // runs only if the event loop does
    const { signal } = controller;
    expect(await inspectImages({ kind: "files", paths }, { threads: 2, depth: "whole", signal })).toBeNull();
    const whole = { threads: 2, depth: "whole", signal: new AbortController().signal } as const;
    const small = { kind: "files", paths: [fixturePath("rgb.jpg")] } as const;
    expect(await inspectImages(small, whole)).toEqual(vision().inspectImages(small, 1, "whole"));
  });
});

it("images of several threads take the memory of one at a time", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "turned.png");
  writeFileSync(path, blackPng(16_000, 16_000, { channels: 1 })); // 768 MB each
  const paths = Array.from({ length: 4 }, () => path);
  const small = { kind: "resize-exact", interpolation: "bilinear", height: 8, width: 8 } as const;
  const grown = grownBy(() => {
    expect(vision().decodeImages({ kind: "files", paths }, [small], 4)).toHaveLength(4);
  });
  expect(grown).toBeLessThan(2048 * MIB); // two of them, and no third
});
