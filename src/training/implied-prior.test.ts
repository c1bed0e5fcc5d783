import { describe, expect, test } from "vitest";
import { toyRecipe } from "./toy.fixture.js";
import { impliedPrior } from "./implied-prior.js";

const counts = [90, 9, 1];

function shares(prior: "drawn" | "balanced", kind: "instance" | "class-balanced"): number[] {
  const { data } = toyRecipe("data");
  const found = impliedPrior({ prior }, { data: { ...data, sampler: { kind } } }, counts);
  const sum = found.reduce((total, share) => total + share, 0);
  return found.map((share) => Number((share / sum).toFixed(6)));
}

describe("what raw logits stand for", () => {
  test("cross-entropy: the images drawn", () => {
    expect(shares("drawn", "instance")).toEqual([0.9, 0.09, 0.01]);
    expect(shares("drawn", "class-balanced")).toEqual([0.333333, 0.333333, 0.333333]);
  });

  test("losses on balanced logits: all classes alike, or turned over where the draws are balanced already", () => {
    expect(shares("balanced", "instance")).toEqual([0.333333, 0.333333, 0.333333]);
    const sum = 1 / 90 + 1 / 9 + 1;
    expect(shares("balanced", "class-balanced")).toEqual(
      counts.map((count) => Number((1 / count / sum).toFixed(6))),
    );
  });
});
