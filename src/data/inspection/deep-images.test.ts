/** Images of 16 bits a channel, of which the upper 8 are used: found by their headers, and named where they are nearly black. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { joinEncoded } from "../subset.js";
import { openData } from "../registry.js";
import { dataSpec, jpeg, packedDataset, png, temporaryFolder, writeFiles } from "../testing.fixture.js";
import { deepImages } from "./deep-images.js";

/** A TIFF header whose directory says bits a sample: in the entry itself, or elsewhere for three channels. */
function tiff(bits: number, { channels, isLittle }: { channels: 1 | 3; isLittle: boolean }): Uint8Array {
  const bytes = Buffer.alloc(64);
  const short = (value: number, at: number) =>
    isLittle ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at);
  const long = (value: number, at: number) =>
    isLittle ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at);
  bytes.write(isLittle ? "II*\0" : "MM\0*", "latin1");
  long(8, 4);
  short(2, 8); // entries: ImageWidth, BitsPerSample
  short(256, 10);
  short(258, 22);
  short(3, 24);
  long(channels, 26);
  if (channels === 1) short(bits, 30);
  else long(50, 30);
  if (channels === 3) for (const at of [50, 52, 54]) short(bits, at);
  return bytes;
}

const dark = png(4, 4, { bits: 16, value: () => 4095 });
const bright = png(4, 4, { bits: 16, value: (y) => 16_000 * y });

describe("images of more than 8 bits", () => {
  it("are PNG and TIFF files that say so; what is no image, or is cut, is not one", async () => {
    const files: Record<string, Uint8Array> = {
      "a.png": dark,
      "b.png": png(4, 4),
      "c.tif": tiff(16, { channels: 3, isLittle: true }),
      "d.tiff": tiff(12, { channels: 1, isLittle: false }),
      "e.TIF": tiff(8, { channels: 3, isLittle: false }),
      "f.png": dark.subarray(0, 20),
      "g.png": Buffer.from("no image"),
      "h.jpg": dark,
    };
    using folder = temporaryFolder();
    writeFiles(folder.path, files);
    const paths = [...Object.keys(files), "missing.png"].map((name) => join(folder.path, name));
    expect(await deepImages({ pixels: { kind: "files", paths }, size: paths.length })).toEqual([0, 2, 3]);
    const encoded = joinEncoded(Object.values(files));
    expect(await deepImages({ pixels: encoded, size: 8 })).toEqual([0, 2, 3, 7]);
    writeFiles(folder.path, { all: Buffer.concat(Object.values(files)) });
    const spans = {
      ...{ kind: "spans" as const, files: [join(folder.path, "all")], file: new Int32Array(8) },
      ...{
        offsets: encoded.offsets.subarray(0, 8),
        lengths: Int32Array.from(Object.values(files), ({ length }) => length),
      },
    };
    expect(await deepImages({ pixels: spans, size: 8 })).toEqual([0, 2, 3, 7]);
    expect(await deepImages(packedDataset(3, 2, () => 0))).toEqual([]);
  });

  it.each([true, false])("are named where they are nearly black, strict: %s", async (strict) => {
    using folder = temporaryFolder();
    const photos = Object.fromEntries(
      ["train/a", "train/b", "test/a", "test/b"].flatMap((name) => [
        [`${name}/1.png`, bright],
        [`${name}/2.jpg`, jpeg()],
      ]),
    );
    writeFiles(folder.path, { ...photos, "train/a/3.png": dark, "train/b/3.png": dark });
    const { train, test } = await openData(dataSpec("image-folder", folder.path, { strict }));
    expect(train.notes?.join().replaceAll(`${folder.path}/`, "")).toBe(
      "2 of 6 images have 16 bits a channel and are nearly black (train/a/3.png, train/b/3.png): only the upper 8 bits are used, " +
        "which cameras and microscopes with 10, 12 or 14 bits leave empty; scale the values to the whole range.",
    );
    expect(test.notes ?? []).toEqual([]);
  });

  it("are named once where test images are taken from the training images", async () => {
    using folder = temporaryFolder();
    const images = Array.from({ length: 6 }, (_, i) => [
      `a/${i}.png`,
      png(9, 9, { bits: 16, value: (y, x) => (y * (i + 1) * 331 + x * 797) % 4096 }),
    ]);
    writeFiles(folder.path, {
      ...(Object.fromEntries(images) as Record<string, Uint8Array>),
      "b/1.jpg": jpeg(),
    });
    const { train, test } = await openData(dataSpec("image-folder", folder.path));
    expect(test.size).toBeGreaterThan(0);
    expect(train.notes?.map((note) => note.slice(0, 30))).toEqual(["6 of 7 images have 16 bits a c"]);
    expect(test.notes).toBeUndefined();
  });
});
