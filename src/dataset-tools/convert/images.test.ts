import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Dataset, Pixels } from "../../data/dataset.js";
import { decodedFile } from "../../../test/vision/pixels.fixture.js";
import {
  fixturePath,
  jpeg,
  packedDataset,
  png,
  temporaryFolder,
  writeFiles,
} from "../../data/testing.fixture.js";
import { convertImages } from "./images.js";
import { readLabeledFile } from "./labeled-file.js";

let root = "";
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  root = folder.path;
});
afterEach(() => folder[Symbol.dispose]());

function convert(dataset: Dataset): ReturnType<typeof convertImages> {
  const out = join(root, "out");
  return convertImages(dataset, {
    out,
    format: "png",
    quality: 95,
    force: false,
    onProgress: () => undefined,
  });
}

const withPixels = (pixels: Pixels): Dataset => ({ ...packedDataset(2, 1, () => 0), pixels });

describe("convertImages", () => {
  it("pixels come back as they were", async () => {
    const value = (image: number, byte: number): number => (image * 31 + byte * 7) % 256;
    const { annotations, counts } = await convert(packedDataset(70, 5, value));
    expect(counts).toEqual([35, 35]);
    const columns = { image: "image", label: "label" };
    const listed = readLabeledFile(annotations, { kind: "annotations", columns, classNames: null });
    expect(listed.classes).toEqual(["even", "odd"]);
    expect(listed.images.slice(0, 2)).toMatchObject([
      { path: "train/even/train_0000000.png", label: 0 },
      { path: "train/odd/train_0000001.png", label: 1 },
    ]);
    const [image] = listed.images.slice(69);
    expect([...decodedFile(join(root, "out", image!.path)).pixels]).toEqual(
      Array.from({ length: 25 }, (_, i) => [0, 25, 50].map((plane) => value(69, plane + i))).flat(),
    );
  });

  it.each([
    ["files", (): Pixels => ({ kind: "files", paths: [join(root, "a"), join(root, "b")] })],
    [
      "parts of files",
      (): Pixels => ({
        kind: "spans",
        files: [join(root, "both")],
        file: Int32Array.of(0, 0),
        offsets: Float64Array.of(3, 3 + jpeg().length),
        lengths: Int32Array.of(jpeg().length, png(2, 2).length),
      }),
    ],
    [
      "files in memory",
      (): Pixels => ({
        kind: "encoded",
        bytes: Uint8Array.from(Buffer.concat([jpeg(), png(2, 2)])),
        offsets: Float64Array.of(0, jpeg().length, jpeg().length + png(2, 2).length),
      }),
    ],
  ])("%s are copied byte for byte", async (_, pixels) => {
    writeFiles(root, {
      a: jpeg(),
      b: png(2, 2),
      both: Buffer.concat([Buffer.from("xyz"), jpeg(), png(2, 2)]),
    });
    await convert(withPixels(pixels()));
    expect(readFileSync(join(root, "out/train/even/train_0000000.jpg")).equals(jpeg())).toBe(true);
    expect(readFileSync(join(root, "out/train/odd/train_0000001.png")).equals(png(2, 2))).toBe(true);
  });

  it("every format that is decoded is copied, under its usual extension", async () => {
    const [gif, tiff] = ["palette.gif", "plain.tiff"].map((name) => fixturePath(`formats/${name}`));
    await convert(withPixels({ kind: "files", paths: [gif!, tiff!] }));
    expect(readFileSync(join(root, "out/train/even/train_0000000.gif"))).toEqual(readFileSync(gif!));
    expect(readFileSync(join(root, "out/train/odd/train_0000001.tif"))).toEqual(readFileSync(tiff!));
  });

  it("what is no image is named", async () => {
    writeFileSync(join(root, "a"), "text");
    const dataset = withPixels({ kind: "files", paths: [join(root, "a"), join(root, "a")] });
    await expect(convert(dataset)).rejects.toThrow(
      "image 0: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found other content.",
    );
  });
});
