import { expect, test } from "vitest";
import { SINGLE_STEP } from "../methods/ensemble/method.js";
import { buildMethod } from "../methods/index.js";
import { Rng } from "../torch/random.js";
import { tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import { toyRecipe } from "./toy.fixture.js";
import { histogram, weightHistograms } from "./epochs.js";

test("equal intervals from the least to the largest value", () => {
  const { counts, ...spread } = histogram(Float32Array.of(0, 1, 1, 30, 15));
  expect(spread).toEqual({ min: 0, max: 30, sum: 47, sumOfSquares: 1127 });
  expect(counts).toHaveLength(30);
  expect(Object.entries(counts).filter(([, count]) => count > 0)).toEqual([
    ["0", 1],
    ["1", 2],
    ["15", 1],
    ["29", 1], // the largest value belongs to the last interval
  ]);
});

test("equal values, no values and values that are no numbers", () => {
  expect(histogram(Float32Array.of(2, 2))).toMatchObject({ min: 2, max: 2, sum: 4 });
  expect(histogram(Float32Array.of(2, 2)).counts[0]).toBe(2);
  expect(histogram(Float32Array.of(NaN, 1, Infinity))).toMatchObject({ min: 1, max: 1, sum: 1 });
  expect(histogram(new Float32Array())).toMatchObject({ min: 0, max: 0, sum: 0 });
});

test("weights and gradients of each expert's ends, or of everything", () => {
  const before = memory();
  {
    using _ = scope();
    const method = buildMethod(toyRecipe(""), { classes: ["ant", "bee", "cat"], counts: [3, 2, 1] });
    const ends = [
      "backbone.0.conv1.weight",
      "backbone.1.conv1.weight",
      "classifier.0.weight",
      "classifier.1.weight",
    ];
    const untrained = weightHistograms(method.model, "ends");
    expect(Object.keys(untrained.weights)).toEqual(ends);
    expect(untrained.gradients).toEqual({});

    const images = new Rng(1).normal([4, 3, 16, 16]);
    method.step({ images, labels: tensor(BigInt64Array.of(0n, 1n, 2n, 0n)) }, SINGLE_STEP).loss.backward();
    const { weights, gradients } = weightHistograms(method.model, "all");
    expect(Object.keys(gradients)).toEqual(Object.keys(weights));
    expect(Object.keys(weights)).toHaveLength(2 * (7 + 1)); // ResNet-8: 7 convolutions
    expect(weights["classifier.1.weight"]!.counts.reduce((sum, count) => sum + count)).toBe(64 * 3);
    method[Symbol.dispose]();
  }
  expect(memory()).toEqual(before);
});
