import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  balancedTestSplit,
  longTailedSubset,
  stratifiedSplit,
  type Labeled,
  type SplitIndices,
} from "./split.js";

/** Images of each class, in mixed order. */
function labeled(sizes: readonly number[]): Labeled {
  const labels = sizes.flatMap((size, label) => Array.from({ length: size }, () => label));
  const mixed = labels.map((label, i) => ({ label, key: (i * 7919) % 104729 })).sort((a, b) => a.key - b.key);
  return {
    labels: Int32Array.from(mixed, ({ label }) => label),
    classes: sizes.map((_, label) => `class ${label}`),
  };
}

const someSizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 });
const someSeed = fc.nat();

/** Images of each class among `indices`. */
function sizesOf({ labels, classes }: Labeled, indices: readonly number[]): number[] {
  const sizes = classes.map(() => 0);
  for (const index of indices) sizes[labels[index]!]! += 1;
  return sizes;
}

function expectParts(data: Labeled, { kept, taken }: SplitIndices): void {
  expect([...kept, ...taken].sort((a, b) => a - b)).toEqual(Array.from(data.labels, (_, i) => i));
  for (const part of [kept, taken]) expect([...part]).toEqual([...part].sort((a, b) => a - b));
}

describe("stratifiedSplit", () => {
  it("has two disjoint parts that are all; every class keeps an image; counts are as asked", () => {
    fc.assert(
      fc.property(
        someSizes,
        someSeed,
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (sizes, seed, fraction) => {
          const data = labeled(sizes);
          const split = stratifiedSplit(data, { portion: { fraction }, seed });
          expectParts(data, split);
          const kept = sizesOf(data, split.kept);
          sizesOf(data, split.taken).forEach((taken, label) => {
            const images = sizes[label]!;
            expect(taken).toBe(Math.min(images - 1, Math.round(fraction * images)));
            expect(kept[label]).toBeGreaterThan(0);
          });
        },
      ),
    );
  });

  it("a class of four keeps all at a tenth, one of five gives one, a single image stays", () => {
    const data = labeled([4, 5, 1]);
    expect(sizesOf(data, stratifiedSplit(data, { portion: { fraction: 0.1 }, seed: 0 }).taken)).toEqual([
      0, 1, 0,
    ]);
  });

  it("by number takes it, and half of a class at most", () => {
    fc.assert(
      fc.property(someSizes, someSeed, fc.integer({ min: 1, max: 40 }), (sizes, seed, perClass) => {
        const data = labeled(sizes);
        const split = stratifiedSplit(data, { portion: { perClass }, seed });
        expectParts(data, split);
        expect(sizesOf(data, split.taken)).toEqual(
          sizes.map((size) => Math.min(perClass, Math.floor(size / 2))),
        );
      }),
    );
  });

  it("is the same for the same seed, another for another", () => {
    const data = labeled([50, 40, 30]);
    const taken = (seed: number, purpose?: "test"): number[] => [
      ...stratifiedSplit(data, { portion: { fraction: 0.3 }, seed, ...(purpose && { purpose }) }).taken,
    ];
    expect(taken(1)).toEqual(taken(1));
    expect(taken(1)).not.toEqual(taken(2));
    expect(taken(1)).not.toEqual(taken(1, "test"));
  });

  it("chooses of a class the same images whatever the other classes have", () => {
    const [few, many] = [
      [0, 0, 1, 1, 1, 1, 1, 1],
      [0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0],
    ];
    const chosen = (labels: number[]): number[] => {
      const data = { labels: Int32Array.from(labels), classes: ["a", "b"] };
      return [...stratifiedSplit(data, { portion: { fraction: 0.5 }, seed: 3 }).taken].filter(
        (i) => labels[i] === 1,
      );
    };
    expect(chosen(few)).toEqual(chosen(many));
  });

  it("takes every image equally often over many seeds", () => {
    const data = labeled([10]);
    const times = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 2000; seed++)
      for (const i of stratifiedSplit(data, { portion: { fraction: 0.3 }, seed }).taken) times[i]! += 1;
    // 600 expected, standard deviation 20.5
    for (const count of times) expect(Math.abs(count - 600)).toBeLessThan(100);
  });
});

describe("balancedTestSplit", () => {
  it("takes exactly as many of each class", () => {
    fc.assert(
      fc.property(someSizes, someSeed, fc.integer({ min: 1, max: 5 }), (sizes, seed, perClass) => {
        const data = labeled(sizes.map((size) => size + perClass));
        const split = balancedTestSplit(data, { perClass, seed });
        expectParts(data, split);
        expect(sizesOf(data, split.taken)).toEqual(sizes.map(() => perClass));
      }),
    );
  });

  it("names the class that has too few", () => {
    expect(() => balancedTestSplit(labeled([30, 5, 7]), { perClass: 5, seed: 0 })).toThrow(
      'expected more than 5 images of each class, 5 to test on and at least one to train on; class "class 1" has 5.',
    );
  });
});

describe("longTailedSubset", () => {
  it("cuts balanced data by label, as CIFAR-LT's counts are", () => {
    const data = labeled(new Array<number>(10).fill(5000));
    const kept = longTailedSubset(data, { imbalance: 100, seed: 0 });
    // Cui et al.'s CIFAR-10-LT of imbalance 100: 12,406 images
    expect(sizesOf(data, kept)).toEqual([5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]);
  });

  it("has the imbalance asked for, from uneven data too, and as many images as that allows", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 20, max: 90 }), { minLength: 2, maxLength: 8 }),
        someSeed,
        fc.integer({ min: 1, max: 15 }),
        (sizes, seed, imbalance) => {
          const data = labeled(sizes);
          const subset = longTailedSubset(data, { imbalance, seed });
          expect(subset).toEqual([...new Set(subset)].sort((a, b) => a - b));
          const kept = sizesOf(data, subset);
          const [largest, smallest] = [Math.max(...kept), Math.min(...kept)];
          expect(smallest).toBe(Math.floor(largest / imbalance + 1e-9));
          const ranked = sizes.map((size, label) => ({ size, label, kept: kept[label]! }));
          ranked.sort((a, b) => b.size - a.size || a.label - b.label);
          for (let i = 1; i < ranked.length; i++)
            expect(ranked[i]!.kept).toBeLessThanOrEqual(ranked[i - 1]!.kept);
          const fits = (n: number): boolean =>
            ranked.every(({ size }, r) => n * (1 / imbalance) ** (r / (ranked.length - 1)) <= size + 1e-6);
          expect(fits(largest) && !fits(largest + 1)).toBe(true);
        },
      ),
    );
  });

  it("refuses an imbalance that would leave a class empty", () => {
    expect(() => longTailedSubset(labeled([20, 20, 20]), { imbalance: 50, seed: 0 })).toThrow(
      "expected an imbalance of at most 20, the images that the largest class would keep, found 50.",
    );
  });
});

it("a class without images is named", () => {
  const data = { labels: Int32Array.of(0, 2), classes: ["a", "b", "c"] };
  expect(() => stratifiedSplit(data, { portion: { perClass: 1 }, seed: 0 })).toThrow(
    'class "b" has no images.',
  );
});
