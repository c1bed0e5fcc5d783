import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { adviceText, infoText, effectiveNumber, dataInfo } from "./info.js";
import { openAllTraining } from "../../data/registry.js";
import { dataSpec, packedDataset, temporaryFolder } from "../../data/testing.fixture.js";

it("effective numbers are the number of images, where they do not overlap, and 1 / (1 − β) at most", () => {
  expect(effectiveNumber(1, 0.99)).toBeCloseTo(1);
  expect(effectiveNumber(100, 0)).toBe(1);
  expect(effectiveNumber(1e6, 0.999)).toBeCloseTo(1000);
  expect(effectiveNumber(500, 0.9999)).toBeCloseTo(487.7, 1);
});

it("says what a folder of photographs is like", async () => {
  using folder = temporaryFolder();
  const examples = join(import.meta.dirname, "../../../examples/caltech20-lt/train");
  for (const [name, count] of [
    ["airplanes", 30],
    ["scorpion", 3],
  ] as const) {
    mkdirSync(join(folder.path, "train", name), { recursive: true });
    for (const file of readdirSync(join(examples, name)).sort().slice(0, count))
      cpSync(join(examples, name, file), join(folder.path, "train", name, file));
  }
  const train = await openAllTraining(dataSpec("image-folder", folder.path));
  const info = dataInfo(train, { test: undefined, rule: "field", threads: 1 });
  expect(info.train).toMatchObject({ images: 33, imbalance: 10 });
  expect(info.images).toMatchObject({ looked: 33, images: 33, formats: { jpeg: 33 }, colors: { rgb: 33 } });
  expect(info.images.shorterSide?.median).toBe(48);
  expect(info.start.recipe).toBe("caltech20-lt-ncl");
  expect(info.start.advice.find(({ topic }) => topic === "evaluation")?.advice).toContain(
    "let the training keep test images",
  );
  expect(infoText(info)).toContain(`airplanes      30 ${"█".repeat(40)} medium\nscorpion        3 ████ few`);
});

it("a class without images is named, and ratios are those of the others", () => {
  const dataset = { ...packedDataset(12, 4, (image) => image), kind: "image-folder" as const };
  const labels = Int32Array.from({ length: 12 }, (_, i) => (i < 8 ? 0 : 1));
  const withEmpty = { ...dataset, classes: ["ant", "bee", "cat"], labels };
  const info = dataInfo(withEmpty, { test: undefined, rule: "field", threads: 1 });
  expect(info.notes).toEqual([
    'class "cat" has no training images: a training refuses that. Add some, or remove the class.',
  ]);
  expect(infoText(info)).toContain("8.0 to 4.0, ratio 2.0 (β 0.9999)");
  const text = adviceText(info, { command: "longtail train", fit: "longtail fit 'my photos'" });
  expect(text).toContain("The largest class is 2.0 times the smallest");
  expect(text).toMatch(/^Where to start from: .*pretrained[^]*\n {2}longtail fit 'my photos'\n\nTo train/);
});

it("of many classes some are shown, the first and the last among them", () => {
  const dataset = packedDataset(600, 4, (image) => image);
  const classes = Array.from({ length: 100 }, (_, label) => `class ${label}`);
  const labels = Int32Array.from({ length: 600 }, (_, i) => (i < 100 ? i : Math.floor(i ** 2 / 3600)));
  const info = dataInfo({ ...dataset, classes, labels }, { test: dataset, rule: "field", threads: 2 });
  const bars = infoText(info)
    .split("\n")
    .filter((line) => /^\d+\. class/.test(line));
  expect(bars).toHaveLength(20);
  expect(bars[0]).toMatch(/^1\. /);
  expect(bars.at(-1)).toMatch(/^100\. /);
});
