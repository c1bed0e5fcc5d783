import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dataset } from "./dataset.js";
import { chooseImages, exponentialSizes, imbalanced } from "./imbalance.js";
import { classStatistics } from "./statistics.js";

function dataset(counts: readonly number[]): Dataset {
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  return {
    kind: "image-folder",
    root: "DIR",
    split: "train",
    classes: counts.map((_, label) => `class ${label}`),
    labels: Int32Array.from(labels),
    size: labels.length,
    pixels: { kind: "files", paths: labels.map((_, i) => `${i}.jpg`) },
    describe: (index) => `${index}.jpg`,
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe("exponentialSizes", () => {
  it("gives the sizes that the field trains on", () => {
    const cifar100 = exponentialSizes({ largest: 500, classes: 100, imbalance: 100 });
    expect([cifar100[0], cifar100[99], sum(cifar100)]).toEqual([500, 5, 10847]);
    const cifar10 = exponentialSizes({ largest: 5000, classes: 10, imbalance: 100 });
    expect(cifar10).toEqual([5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]);
    expect(sum(exponentialSizes({ largest: 500, classes: 100, imbalance: 50 }))).toBe(12608);
  });
});

/** SHA-256 of the published selections, written as JSON: for each class its images' places within the class. */
const published = [
  {
    classes: 100,
    size: 500,
    imbalance: 100,
    last: [348, 153, 363, 361, 299],
    hash: "8d5b6e9a405044e57e62bfdf072cf53ec4ab10163ef1085000c88f79fe9b9515",
  },
  {
    classes: 100,
    size: 500,
    imbalance: 50,
    last: [348, 153, 363, 361, 299],
    hash: "939e01693f6d89a8bc068477a3f8e61b920243b7f9acc5bbfb7a2c7b5275e216",
  },
  {
    classes: 10,
    size: 5000,
    imbalance: 100,
    last: [2204, 3816, 2206, 2507, 1926],
    hash: "582555b744afb2c5008424a7a51894f26133389c20d781a2ba2d2d79fc65827a",
  },
  {
    classes: 10,
    size: 5000,
    imbalance: 50,
    last: [2204, 3816, 2206, 2507, 1926],
    hash: "0819fb962128f0e4ebab97eaf186e29fe20487223b2b75d36c0b508904a73b48",
  },
];

describe("chooseImages", () => {
  it.each(published)("reproduces the published CIFAR-$classes-LT of imbalance $imbalance", (one) => {
    const { classes, size, imbalance, last, hash } = one;
    // As in the publisher's files, a class's images are anywhere; here every `classes`th is of it.
    const labels = Int32Array.from({ length: classes * size }, (_, index) => index % classes);
    const sizes = exponentialSizes({ largest: size, classes, imbalance });
    const ordinals = chooseImages(labels, sizes, 0).map((images) =>
      images.map((index) => Math.floor(index / classes)),
    );
    expect(ordinals.at(-1)?.slice(0, 5)).toEqual(last);
    expect(createHash("sha256").update(JSON.stringify(ordinals)).digest("hex")).toBe(hash);
    expect(chooseImages(labels, sizes, 1)).not.toEqual(chooseImages(labels, sizes, 0));
  });
});

describe("imbalanced", () => {
  it("takes a random subset of each class, the same one every time", () => {
    const all = dataset(new Array<number>(5).fill(40));
    const few = imbalanced(all, { imbalance: 10, seed: 0 });
    expect(classStatistics(few).counts).toEqual([40, 22, 12, 7, 4]);
    expect(imbalanced(all, { imbalance: 10, seed: 0 }).labels).toEqual(few.labels);
    const paths = few.pixels.kind === "files" ? few.pixels.paths : [];
    expect(new Set(paths).size).toBe(85);
    expect(few.describe(84)).toBe(paths[84]);
    const last = paths.slice(81).map((path) => parseInt(path) - 160);
    expect(last).not.toEqual([0, 1, 2, 3]); // not just the first ones
  });

  it("keeps every image with its label", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 20 }), (classes, size) => {
        const all = dataset(new Array<number>(classes).fill(size));
        const few = imbalanced(all, { imbalance: size, seed: 0 });
        few.labels.forEach((label, index) => {
          expect(all.labels[parseInt(few.describe(index))]).toBe(label);
        });
      }),
      { numRuns: 20 },
    );
  });

  it("leaves long-tailed data as it is", () => {
    const tailed = dataset([100, 30, 10]);
    expect(imbalanced(tailed, { imbalance: 10, seed: 0 })).toBe(tailed);
    expect(imbalanced(tailed, { imbalance: 10.5, seed: 0 })).toBe(tailed);
  });

  it("refuses data that is neither balanced nor of that imbalance", () => {
    expect(() =>
      imbalanced(dataset([100, 30, 10]), { imbalance: 100, seed: 0 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[DataError: DIR: expected balanced training data to take a subset of imbalance 100 from, or data of that imbalance; found 10 to 100 images a class (imbalance 10.0).]`,
    );
    expect(() =>
      imbalanced(dataset([10, 10, 10]), { imbalance: 100, seed: 0 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[DataError: DIR: expected an imbalance of at most 10, the images of a class, found 100.]`,
    );
  });
});
