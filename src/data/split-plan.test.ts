import { describe, expect, it } from "vitest";
import { splitParts } from "./split-plan.js";
import { stratifiedSplit, type Labeled } from "./split.js";

function labeled(sizes: readonly number[]): Labeled {
  const labels = sizes.flatMap((size, label) => Array.from({ length: size }, () => label));
  return { labels: Int32Array.from(labels), classes: sizes.map((_, label) => `class ${label}`) };
}

function sizesOf({ labels, classes }: Labeled, indices: readonly number[]): number[] {
  const sizes = classes.map(() => 0);
  for (const index of indices) sizes[labels[index]!]! += 1;
  return sizes;
}

describe("splitParts", () => {
  it("takes the test images, then the long-tailed subset, then the held-out images", () => {
    const data = labeled([110, 110, 110]);
    const plan = { test: { perClass: 10 }, imbalance: 100, heldOut: { fraction: 0.2 }, seed: 1 };
    const parts = splitParts(data, plan);
    expect(parts.map(({ name, indices }) => [name, sizesOf(data, indices)])).toEqual([
      ["train", [80, 8, 1]],
      ["held-out", [20, 2, 0]],
      ["test", [10, 10, 10]],
    ]);
    const all = parts.flatMap(({ indices }) => indices);
    expect(new Set(all).size).toBe(all.length);
    for (const { indices } of parts) expect(indices).toEqual([...indices].sort((a, b) => a - b));
  });

  it("holds out the images that a training would", () => {
    const data = labeled([50, 20, 10]);
    const heldOut = { fraction: 0.1 };
    const [train, held] = splitParts(data, { test: null, imbalance: null, heldOut, seed: 0 });
    expect({ kept: train?.indices, taken: held?.indices }).toEqual(
      stratifiedSplit(data, { portion: heldOut, seed: 0 }),
    );
  });

  it("a natural test split has other images than the held-out ones of the same seed would be", () => {
    const data = labeled([50, 20]);
    const portion = { fraction: 0.3 };
    const test = splitParts(data, { test: portion, imbalance: null, heldOut: null, seed: 0 }).at(-1);
    const held = splitParts(data, { test: null, imbalance: null, heldOut: portion, seed: 0 }).at(-1);
    expect([test?.name, held?.name]).toEqual(["test", "held-out"]);
    expect(sizesOf(data, test!.indices)).toEqual(sizesOf(data, held!.indices));
    expect(test!.indices).not.toEqual(held!.indices);
  });

  it("classes too small to give anything", () => {
    const plan = { test: null, imbalance: null, heldOut: { fraction: 0.1 }, seed: 0 };
    expect(() => splitParts(labeled([3, 2]), plan)).toThrow(
      "held-out: expected classes large enough to give images, found none.",
    );
  });
});
