/** Small files that keep a decoder at work, or make it hold much, without holding a large image. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { fixturePath, temporaryFolder } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";
import { decodedFile } from "./pixels.fixture.js";

const [MARK, SCAN, END, FRAME] = [0xff, 0xda, 0xd9, 0xc2];

/** A progressive JPEG of whose scans the last is there again and again; the header may lie about its size. */
function jpegOfScans(scans: number, side?: number): Buffer {
  const content = Buffer.from(readFileSync(fixturePath("progressive.jpg")));
  const end = content.lastIndexOf(Buffer.of(MARK, END));
  const last = content.subarray(content.lastIndexOf(Buffer.of(MARK, SCAN)), end);
  const found = content.toString("latin1").split("\xff\xda").length - 1;
  if (side !== undefined) {
    const frame = content.indexOf(Buffer.of(MARK, FRAME));
    content.writeUInt16BE(side, frame + 5);
    content.writeUInt16BE(side, frame + 7);
  }
  const padding = Buffer.alloc(side === undefined ? 0 : side ** 2 / 512 + side);
  const more = Array.from({ length: scans - found }, () => last);
  return Buffer.concat([content.subarray(0, end), ...more, padding, Buffer.of(MARK, END)]);
}

/** A PNG with a chunk before its pixels. */
function pngWith(type: string, data: Uint8Array): Buffer {
  const content = readFileSync(fixturePath("rgb.png"));
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  const header = 8 + 25;
  return Buffer.concat([content.subarray(0, header), length, named, sum, content.subarray(header)]);
}

/** A gray TIFF of 8 x 8 for each page, all of whose pixels are the same bytes. */
function tiffOfPages(pages: number): Buffer {
  const fields = [
    [256, 3, 8],
    [257, 3, 8],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 0],
    [277, 3, 1],
    [278, 3, 8],
    [279, 4, 64],
  ] as const;
  const size = 2 + 12 * fields.length + 4;
  const content = Buffer.alloc(8 + size * pages + 64);
  content.write("II*\0", "latin1");
  content.writeUInt32LE(8, 4);
  for (let page = 0; page < pages; page++) {
    const at = 8 + size * page;
    content.writeUInt16LE(fields.length, at);
    fields.forEach(([tag, type, value], i) => {
      content.writeUInt16LE(tag, at + 2 + 12 * i);
      content.writeUInt16LE(type, at + 4 + 12 * i);
      content.writeUInt32LE(1, at + 6 + 12 * i);
      content.writeUInt32LE(tag === 273 ? 8 + size * pages : value, at + 10 + 12 * i);
    });
    content.writeUInt32LE(page + 1 < pages ? at + size : 0, at + size - 4);
  }
  return content;
}

/** An AVIF whose header lies about its size. */
function avifOfSide(side: number): Buffer {
  const content = Buffer.from(readFileSync(fixturePath("formats/photograph.avif")));
  const extent = content.indexOf("ispe", 0, "latin1");
  content.writeUInt32BE(side, extent + 8);
  content.writeUInt32BE(side, extent + 12);
  return content;
}

/** A GIF of one image, black, at the left of a screen that may be smaller; cut short when asked. */
function gifOf(height: number, width: number, { screen = 7, top = 0, cut = 0 } = {}): Buffer {
  const [clear, end, codesOfTable] = [0x80, 0x81, 120]; // codes stay 8 bits when the table is cleared in time
  const pixels = Array.from({ length: Math.ceil((height * width) / codesOfTable) }, (_, i) => {
    const rest = Math.min(codesOfTable, height * width - i * codesOfTable);
    return Buffer.concat([Buffer.of(clear), Buffer.alloc(rest)]);
  });
  const codes = Buffer.concat([...pixels, Buffer.of(end)]);
  const blocks = Array.from({ length: Math.ceil(codes.length / 255) }, (_, i) => {
    const block = codes.subarray(255 * i, 255 * (i + 1));
    return Buffer.concat([Buffer.of(block.length), block]);
  });
  const head = Buffer.alloc(13);
  head.write("GIF89a", "latin1");
  head.writeUInt16LE(screen, 6);
  head.writeUInt16LE(screen, 8);
  head[10] = 0x80; // a table of two colors
  const image = Buffer.alloc(11);
  image[0] = 0x2c;
  image.writeUInt16LE(top, 3);
  image.writeUInt16LE(width, 5);
  image.writeUInt16LE(height, 7);
  image[10] = 7;
  const data = Buffer.concat(blocks);
  const whole = [head, Buffer.alloc(6), image, data.subarray(0, data.length - cut)];
  return Buffer.concat([...whole, ...(cut > 0 ? [] : [Buffer.of(0, 0x3b)])]);
}

/** What decoding says, and that `data check` says the same. */
function said(content: Buffer): string {
  using folder = temporaryFolder();
  const path = join(folder.path, "image");
  writeFileSync(path, content);
  let text = "decoded";
  try {
    decodedFile(path);
  } catch (error) {
    text = String(error).replace(folder.path, "DIR");
  }
  const [inspected] = vision().inspectImages({ kind: "files", paths: [path] }, 1, "whole");
  if (text === "decoded") expect(inspected!.error).toBeNull();
  else expect(text).toContain(inspected!.error!);
  return text;
}

it("names what a file has too much of", () => {
  const texts = deflateSync(Buffer.alloc(2 ** 22), { level: 0 });
  expect({
    scans: said(jpegOfScans(101)),
    scannedPixels: said(jpegOfScans(40, 14_000)),
    texts: said(pngWith("zTXt", Buffer.concat([Buffer.from("a\0\0", "latin1"), texts]))),
    pages: said(tiffOfPages(10_001)),
    avif: said(avifOfSide(7000)),
    gif: said(gifOf(2, 60_000, { top: 60_000 })),
  }).toMatchInlineSnapshot(`
    {
      "avif": "DataError: DIR/image: expected an image whose decoding takes at most 1024 MiB of memory, found an AVIF of 7000 x 7000 (height x width), which takes 1261 MiB: make it smaller",
      "gif": "DataError: DIR/image: expected at most 268435456 pixels, found 60002 x 60000 (height x width)",
      "pages": "DataError: DIR/image: expected a TIFF of at most 10000 pages, found more: save its first page alone",
      "scannedPixels": "DataError: DIR/image: expected a JPEG whose scans go over at most 3221225472 pixels, found 40 scans of 14000 x 14000 (height x width): save it anew",
      "scans": "DataError: DIR/image: expected a JPEG of at most 100 scans, found 101",
      "texts": "DataError: DIR/image: expected at most 2097152 bytes of compressed texts and color profile in a PNG, found 4194948: save it without them",
    }
  `);
});

it("decodes what has as much as programs write", () => {
  const text = (type: string, value: Uint8Array): Buffer =>
    pngWith(type, Buffer.concat([Buffer.from(type === "zTXt" ? "a\0\0" : "a\0", "latin1"), value]));
  expect({
    scans: said(readFileSync(fixturePath("progressive.jpg"))),
    compressed: said(text("zTXt", deflateSync(Buffer.alloc(5000)))),
    plain: said(text("tEXt", Buffer.alloc(2 ** 22, 65))),
    pages: said(tiffOfPages(2000)),
  }).toEqual({ scans: "decoded", compressed: "decoded", plain: "decoded", pages: "decoded" });
});

it("decodes tall images in linear time: their rows are not in one list", () => {
  expect(said(gifOf(38_149, 7))).toBe("decoded"); // 8 s and more
  expect(said(gifOf(9, 7, { top: 40_000 }))).toBe("decoded");
});

it("makes no thumbnail of a GIF that is cut: each of its rows would begin it anew", () => {
  using folder = temporaryFolder();
  const thumbnailOf = (content: Buffer): Buffer | null => {
    const path = join(folder.path, "image.gif");
    writeFileSync(path, content);
    return vision().makeThumbnails({ kind: "files", paths: [path] }, 16, 1)[0]!;
  };
  expect(thumbnailOf(gifOf(9, 7))).not.toBeNull();
  expect(thumbnailOf(gifOf(40_000, 7, { cut: 1000 }))).toBeNull();
});

it("does not wait for a pipe that nobody writes to", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "pipe.jpg");
  execFileSync("mkfifo", [path]);
  expect(() => decodedFile(path)).toThrow("expected an image file, found something that is not a file");
});
