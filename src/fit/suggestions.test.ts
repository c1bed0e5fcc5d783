import { describe, expect, test } from "vitest";
import type { Dataset } from "../data/dataset.js";
import type { FeatureSet } from "../training/train-on-features.js";
import { type OutOfFold, suspects } from "./out-of-fold.js";
import { exponentOf, needyClasses } from "./suggestions.js";

function setOf(labels: readonly number[]): FeatureSet {
  const dataset: Dataset = {
    kind: "image-folder",
    root: "photos",
    split: "train",
    classes: ["ant", "bee", "cat"],
    labels: Int32Array.from(labels),
    size: labels.length,
    pixels: { kind: "files", paths: labels.map((_label, index) => `photos/${index}.jpg`) },
    describe: (index) => `photos/${index}.jpg`,
  };
  return { dataset, features: new Float32Array(labels.length) };
}

function outOfFold(
  rows: readonly (readonly [predicted: number, confidence: number, ofLabel: number])[],
): OutOfFold {
  return {
    predicted: Int32Array.from(rows, ([predicted]) => predicted),
    confidence: Float32Array.from(rows, ([, confidence]) => confidence),
    ofLabel: Float32Array.from(rows, ([, , ofLabel]) => ofLabel),
  };
}

describe("labels that look wrong", () => {
  test("are those of images that look like another class as surely as that class's own, the surest first", () => {
    const found = suspects(
      setOf([0, 0, 1, 1, 1, 2]),
      outOfFold([
        [0, 0.9, 0.9],
        [1, 0.85, 0.05], // as sure as bees are on average
        [1, 0.8, 0.8],
        [0, 0.99, 0.005],
        [0, 0.55, 0.4], // not sure
        [-1, 0, 0], // the only image of its class
      ]),
    );
    expect(
      found.map(({ index, label, predicted, confidence }) => [index, label, predicted, confidence]),
    ).toEqual([
      [3, "bee", "ant", 99],
      [1, "ant", "bee", 85],
    ]);
    expect(found[0]?.path).toBe("photos/3.jpg");
  });

  test("there are none where everything is predicted as it is labeled", () => {
    const all = [0, 1, 2].map((label) => [label, 0.9, 0.9] as const);
    expect(suspects(setOf([0, 1, 2]), outOfFold(all))).toEqual([]);
  });
});

describe("a learning curve", () => {
  const curve = (half: number, all: number): Parameters<typeof exponentOf>[0] => [
    { fraction: 0.5, balanced: half },
    { fraction: 1, balanced: all },
  ];
  test.each([
    ["an error that halves", curve(80, 90), 1],
    ["an error that falls by a factor of √2", curve(100 - 10 * Math.SQRT2, 90), 0.5],
    ["an error that rises", curve(90, 80), 0],
    ["no error", curve(100, 100), 0],
    ["no curve", [], null],
  ])("%s", (_name, points, expected) => {
    const found = exponentOf(points);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 10);
  });
});

test("classes with the largest error come first, those without one are left out", () => {
  const set = setOf([0, 0, 0, 0, 1, 1, 2]);
  const found = needyClasses(set, {
    outOfFold: { predicted: Int32Array.of(0, 0, 1, 0, 1, 1, -1) },
    exponent: 1,
  });
  expect(found).toEqual([
    { name: "cat", trainImages: 1, accuracy: null, error: 50, gain: 25 },
    { name: "ant", trainImages: 4, accuracy: 75, error: (100 * 2) / 6, gain: (100 * 1) / 6 },
  ]);
  const unknown = needyClasses(set, {
    outOfFold: { predicted: Int32Array.of(0, 1, 1, 1, 1, 1, -1) },
    exponent: null,
  });
  expect(unknown[0]).toMatchObject({ name: "ant", accuracy: 25, gain: null });
});
