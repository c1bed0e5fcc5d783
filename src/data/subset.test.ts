import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scope } from "../torch/scope.js";
import type { Dataset, Pixels } from "./dataset.js";
import { Loader } from "./loader/loader.js";
import { joinEncoded, subset } from "./subset.js";
import { packedDataset, plainOptions, png, temporaryFolder } from "./testing.fixture.js";

const COUNT = 5;
/** Image n is one color, n · 10. */
const images = Array.from({ length: COUNT }, (_, image) => png(2, 2, { value: () => image * 10 }));

function pixelsOf(kind: Pixels["kind"], folder: string): Pixels {
  const paths = images.map((_, image) => join(folder, `${image}.png`));
  switch (kind) {
    case "files":
      paths.forEach((path, image) => writeFileSync(path, images[image]!));
      return { kind, paths };
    case "spans":
      return spans(folder);
    case "encoded":
      return joinEncoded(images);
    case "packed":
      return packedDataset(COUNT, 2, (image) => image * 10).pixels;
    default:
      return kind satisfies never;
  }
}

/** Even images in a.bin, odd ones in b.bin, each file with three bytes before and between them. */
function spans(folder: string): Pixels {
  const files = ["a.bin", "b.bin"].map((name) => join(folder, name));
  const content: Buffer[] = [Buffer.alloc(0), Buffer.alloc(0)];
  const offsets = images.map((image, index) => {
    const gap = Buffer.concat([content[index % 2]!, Buffer.from("gap")]);
    content[index % 2] = Buffer.concat([gap, image]);
    return gap.length;
  });
  files.forEach((file, index) => writeFileSync(file, content[index]!));
  return {
    kind: "spans",
    files,
    file: Int32Array.from(images, (_, index) => index % 2),
    offsets: Float64Array.from(offsets),
    lengths: Int32Array.from(images, (image) => image.length),
  };
}

/** The first byte of each image, as the loader gives it. */
function firstBytes(dataset: Dataset): number[] {
  using loader = new Loader({ ...plainOptions(dataset, 2), batch: 2 });
  const found: number[] = [];
  for (const batch of batches(loader)) found.push(...batch);
  return found;
}

function* batches(loader: Loader): Generator<number[]> {
  using _ = scope();
  for (const { images: batch } of loader.epoch(0)) {
    const values = batch.toList();
    yield values.filter((_, at) => at % 12 === 0).map((value) => Math.round(value * 255));
  }
}

describe.each(["files", "spans", "encoded", "packed"] as const)("pixels that are %s", (kind) => {
  it("load, whole and in part", () => {
    using folder = temporaryFolder();
    const dataset = { ...packedDataset(COUNT, 2, () => 0), pixels: pixelsOf(kind, folder.path) };
    expect(firstBytes(dataset)).toEqual([0, 10, 20, 30, 40]);
    const part = subset(dataset, [4, 1, 1]);
    expect([part.size, [...part.labels], part.describe(0)]).toEqual([3, [0, 1, 1], "image 4"]);
    expect(firstBytes(part)).toEqual([40, 10, 10]);
  });
});

it("a part that the file does not have, and a damaged one, are named", () => {
  using folder = temporaryFolder();
  const dataset = { ...packedDataset(COUNT, 2, () => 0), pixels: spans(folder.path) };
  const file = join(folder.path, "a.bin");
  writeFileSync(file, readFileSync(file).subarray(0, -3));
  expect(() => firstBytes(dataset)).toThrow(/a[.]bin: truncated: expected \d+ bytes at byte \d+, found \d+/);
  const damaged = { ...dataset, pixels: joinEncoded([...images.slice(0, 4), new Uint8Array()]) };
  const records = { ...damaged, describe: (index: number) => `some.parquet, row ${index}` };
  expect(() => firstBytes(records)).toThrow("some.parquet, row 4: the file is empty");
  expect(() => firstBytes(subset(records, [0, 4]))).toThrow("some.parquet, row 4: the file is empty");
});
