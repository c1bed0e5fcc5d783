import { describe, expect, test } from "vitest";
import { toyRecipe } from "./toy.fixture.js";
import { impliedPrior } from "./implied-prior.js";

const counts = [90, 9, 1];

type Method = ReturnType<typeof toyRecipe>["method"];
const crossEntropy: Method = { kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0 };
const balancedSoftmax: Method = { kind: "balanced-softmax", experts: 1, sharedStages: 0 };

function shares(method: Method, kind: "instance" | "class-balanced"): number[] {
  const recipe = toyRecipe("data", { method });
  const found = impliedPrior({ ...recipe, data: { ...recipe.data, sampler: { kind } } }, counts);
  const sum = found.reduce((total, share) => total + share, 0);
  return found.map((share) => Number((share / sum).toFixed(6)));
}

describe("what raw logits stand for", () => {
  test("cross-entropy: the images drawn", () => {
    expect(shares(crossEntropy, "instance")).toEqual([0.9, 0.09, 0.01]);
    expect(shares(crossEntropy, "class-balanced")).toEqual([0.333333, 0.333333, 0.333333]);
  });

  test("losses on balanced logits: all classes alike, or turned over where the draws are balanced already", () => {
    expect(shares(balancedSoftmax, "instance")).toEqual([0.333333, 0.333333, 0.333333]);
    const sum = 1 / 90 + 1 / 9 + 1;
    expect(shares(balancedSoftmax, "class-balanced")).toEqual(
      counts.map((count) => Number((1 / count / sum).toFixed(6))),
    );
  });
});
