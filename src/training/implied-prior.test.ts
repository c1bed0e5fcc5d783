import { describe, expect, test } from "vitest";
import { toyRecipe } from "./toy.fixture.js";
import { impliedPrior } from "./implied-prior.js";

const counts = [90, 9, 1];

type Method = ReturnType<typeof toyRecipe>["method"];
const crossEntropy: Method = { kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0 };
const balancedSoftmax: Method = { kind: "balanced-softmax", experts: 1, sharedStages: 0, tau: 1 };

function shares(method: Method, kind: "instance" | "class-balanced"): number[] {
  const recipe = toyRecipe("data", { method });
  const found = impliedPrior(
    { ...recipe, data: { ...recipe.data, sampler: { kind } } },
    { counts, trained: counts },
  );
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

test.each([
  ["logit adjustment in training", { method: { ...balancedSoftmax, tau: 2 } }],
  ["and after it", { method: balancedSoftmax, adjustment: { kind: "logit-adjustment", tau: 1 } }],
] as const)("%s divides by a power of the counts", (_name, changes) => {
  const found = impliedPrior(toyRecipe("data", changes), { counts, trained: counts });
  const expected = counts.map((count) => 0.01 * count ** -1);
  found.forEach((share, label) => expect(share).toBeCloseTo(expected[label]!, 12));
});

test("scales learned on class-balanced images: all classes alike", () => {
  const learned = { kind: "learned-scales", epochs: 10, lr: 0.2 } as const;
  const recipe = toyRecipe("data", { method: crossEntropy, adjustment: learned });
  expect(impliedPrior(recipe, { counts: [90, 0, 1], trained: null })).toEqual([1, 0, 1]);
});

test("of images that are held out, what is left: as the run says, or as its recipe leaves them", () => {
  const held = toyRecipe("data", {
    method: crossEntropy,
    selection: { kind: "held-out", fraction: 0.1, seed: 0, patience: null },
  });
  const all = [90, 9, 4];
  expect(impliedPrior(held, { counts: all, trained: [81, 8, 4] })).toEqual([81 / 93, 8 / 93, 4 / 93]);
  expect(impliedPrior(held, { counts: all, trained: null })).toEqual([81 / 93, 8 / 93, 4 / 93]);
  const last = { ...held, selection: { kind: "last" } as const };
  expect(impliedPrior(last, { counts: all, trained: null })).toEqual([90 / 103, 9 / 103, 4 / 103]);
});
