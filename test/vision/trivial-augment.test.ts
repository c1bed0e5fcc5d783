import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { chiSquareProbability } from "../../src/data/chi-square.fixture.js";
import { countsOf, drawsOf, expectSameAsItsOperations, textOf } from "./policy.fixture.js";

const transform: TransformSpec = { kind: "trivial-augment", fill: [0, 0, 0] };
const shares = Array.from({ length: 31 }, (_, strength) => strength / 30);

const bothSigns = (base: number, amounts: readonly number[]): number[] =>
  amounts.flatMap((amount) => [base + amount, base - amount]);
const factors = bothSigns(
  1,
  shares.map((s) => s * 0.99),
);
const slopes = bothSigns(
  0,
  shares.map((s) => s * 0.99),
);
const pixels = bothSigns(
  0,
  shares.map((s) => Math.trunc(s * 32)),
);

/** The wide space: the values of each operation, equally likely where they differ. */
const space: Record<string, readonly number[]> = {
  identity: [0],
  "shear-x": slopes,
  "shear-y": slopes,
  "translate-x-pixels": pixels,
  "translate-y-pixels": pixels,
  rotate: bothSigns(
    0,
    shares.map((s) => s * 135),
  ),
  brightness: factors,
  color: factors,
  contrast: factors,
  sharpness: factors,
  posterize: shares.map((s) => 8 - Math.round(s * 6)),
  solarize: shares.map((s) => 255 - s * 255),
  "auto-contrast": [0],
  equalize: [0],
};

describe("trivial-augment", () => {
  it("draws operation, strength and sign uniformly", () => {
    const text = (name: string, value: number): string =>
      textOf({ name, value: Number(value.toFixed(9)) + 0, interpolation: "nearest" });
    const expected = new Map<string, number>();
    for (const [name, values] of Object.entries(space)) {
      for (const value of values) {
        const key = text(name, value);
        expected.set(key, (expected.get(key) ?? 0) + 1 / 14 / values.length);
      }
    }
    const counts = countsOf(
      drawsOf(transform, 100_000).flatMap(({ steps }) => steps.map(({ name, value }) => text(name, value))),
    );
    expect([...counts.keys()].filter((key) => !expected.has(key))).toEqual([]);
    const observed = [...expected.keys()].map((key) => counts.get(key) ?? 0);
    expect(chiSquareProbability(observed, [...expected.values()])).toBeGreaterThan(1e-4);
  });

  it("does what it drew", () => {
    expectSameAsItsOperations(transform, [0, 0, 0]);
  });
});
