import { describe, expect, it } from "vitest";
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { openData, openDataset } from "./registry.js";
import { chooseTestImages } from "./test-split.js";
import { dataSpec, packedDataset, png, temporaryFolder, writeFiles } from "./testing.fixture.js";
import type { Dataset } from "./dataset.js";

/** Images without pixels that matter: class c has counts[c] of them. */
function labeled(counts: readonly number[]): Dataset {
  const labels = Int32Array.from(counts.flatMap((count, label) => new Array<number>(count).fill(label)));
  return { ...packedDataset(labels.length, 1, () => 0), labels, classes: counts.map(String) };
}

const sizes = (dataset: Dataset, indices: readonly number[]): number[] =>
  dataset.classes.map((_, label) => indices.filter((index) => dataset.labels[index] === label).length);

const rule = { fraction: 0.2, seed: 0, alike: [] };

describe("test images taken from training images", () => {
  it("are as many of each class, a third of a small one at most, and one of two", () => {
    const data = labeled([400, 100, 30, 6, 3, 2, 1]);
    const { kept, taken } = chooseTestImages(data, rule);
    expect(sizes(data, taken)).toEqual([15, 15, 10, 2, 1, 1, 0]);
    expect([...kept, ...taken].sort((a, b) => a - b)).toEqual(Array.from(data.labels, (_, i) => i));
  });

  it("are the same for the same seed, and others for another", () => {
    const data = labeled([50, 50]);
    expect(chooseTestImages(data, rule)).toEqual(chooseTestImages(data, rule));
    expect(chooseTestImages(data, { ...rule, seed: 1 }).taken).not.toEqual(
      chooseTestImages(data, rule).taken,
    );
  });

  it("leave alike images together, and in training where they are of two classes", () => {
    const data = labeled([30, 30]);
    const alike = [[0, 1, 2], [3, 33], Array.from({ length: 20 }, (_, i) => 40 + i)];
    for (let seed = 0; seed < 20; seed++) {
      const taken = new Set(chooseTestImages(data, { ...rule, seed, alike }).taken);
      expect([0, 1, 2].filter((index) => taken.has(index)).length % 3).toBe(0);
      expect([3, 33, ...alike[2]!].some((index) => taken.has(index))).toBe(false);
    }
  });

  it("change little when images are added", () => {
    const [before, after] = [labeled([60]), labeled([63])];
    const first = new Set(chooseTestImages(before, rule).taken);
    const same = chooseTestImages(after, rule).taken.filter((index) => first.has(index));
    expect(first.size - same.length).toBeLessThanOrEqual(2);
  });
});

const photo = (seed: number): Uint8Array =>
  png(24, 24, {
    value: (y, x, channel) => ((seed + 1) * (y >> 2) * 37 + (x >> 2) * (seed + 3) * 59 + channel * 11) % 256,
  });

function writePhotos(root: string): void {
  for (const [c, name] of ["ant", "bee"].entries())
    for (let i = 0; i < 9; i++) writeFiles(root, { [`${name}/${i}.png`]: photo(10 * c + i) });
}

describe("a folder without test images", () => {
  it("keeps copies of one photograph on one side", async () => {
    using folder = temporaryFolder();
    writePhotos(folder.path);
    for (let i = 0; i < 9; i++) writeFiles(folder.path, { [`ant/copy-${i}.png`]: photo(i) });
    const { test } = await openData(dataSpec("image-folder", folder.path));
    const names = Array.from({ length: test.size }, (_, i) => relative(folder.path, test.describe(i)));
    const ants = names.filter((name) => name.startsWith("ant/"));
    expect(ants.length).toBeGreaterThan(0);
    for (const name of ants)
      expect(ants).toContain(
        name.includes("copy-") ? name.replace("copy-", "") : name.replace("/", "/copy-"),
      );
  });

  it("takes a split that an earlier run wrote, though images were added", async () => {
    using folder = temporaryFolder();
    using run = temporaryFolder();
    writePhotos(folder.path);
    const spec = dataSpec("image-folder", folder.path);
    const { test, testSplit } = await openData(spec);
    writeFileSync(join(run.path, "split.json"), JSON.stringify(testSplit));
    writeFiles(folder.path, { "ant/0-new.png": photo(77), "bee/0-new.png": photo(78) });
    const again = { ...spec, testSplit: { ...spec.testSplit, file: run.path } };
    const names = (dataset: Dataset): string[] =>
      Array.from({ length: dataset.size }, (_, i) => dataset.describe(i));
    expect(names(await openDataset(again, "test"))).toEqual(names(test));
    writeFileSync(join(run.path, "split.json"), JSON.stringify({ ...testSplit, test: ["ant/0.png"] }));
    await expect(openDataset(again, "test")).rejects.toThrowError("the file was changed");
  });

  it("names a damaged image and how many there are, or leaves them out", async () => {
    using folder = temporaryFolder();
    writePhotos(folder.path);
    writeFiles(folder.path, {
      "ant/a.jpg": "<!DOCTYPE html><title>404</title>",
      "bee/b.jpg": "",
      "bee/c.jpg": photo(5).subarray(0, 90),
    });
    const spec = dataSpec("image-folder", folder.path);
    await expect(openData(spec)).rejects.toThrowError(
      "ant/a.jpg: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found an HTML page; a download that failed, or of another address: get the file again; 3 images of 21 cannot be used.",
    );
    const { train, test } = await openData({ ...spec, strict: false });
    expect(train.size + test.size).toBe(18);
    expect(train.leftOut?.map(({ where }) => relative(folder.path, where))).toEqual([
      "ant/a.jpg",
      "bee/b.jpg",
      "bee/c.jpg",
    ]);
    expect(test.leftOut).toBeUndefined();
  });

  it("has none where no class can give one", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { "ant/1.png": photo(1), "bee/1.png": photo(2) });
    await expect(openData(dataSpec("image-folder", folder.path))).rejects.toThrowError(
      "expected test images",
    );
  });
});
