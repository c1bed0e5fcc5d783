import { expect, test } from "vitest";
import { Mulberry32 } from "../../test/support/mulberry32.js";
import { sameDistributionProbability } from "./kolmogorov-smirnov.fixture.js";

const uniform = (seed: number, size: number): number[] => [...new Mulberry32(seed).floats(size, 0, 1)];

test("the tail of Kolmogorov's distribution, as tables have it", () => {
  // Of 20,000 values each, `places` apart: x = places / 200.
  const apart = (places: number): number => {
    const values = Array.from({ length: 20_000 }, (_, i) => i);
    return sameDistributionProbability(
      values,
      values.map((value) => value + places),
    );
  };
  expect(apart(272)).toBeCloseTo(0.0495, 4); // x = 1.36
  expect(apart(326)).toBeCloseTo(0.0098, 4); // x = 1.63
  expect(apart(0)).toBe(1);
});

test("equal distributions pass, in few tries of a hundred with less than 0.05, and different ones do not", () => {
  const chances = Array.from({ length: 100 }, (_, seed) =>
    sameDistributionProbability(uniform(2 * seed + 1, 500), uniform(2 * seed + 2, 700)),
  );
  expect(chances.filter((chance) => chance < 0.05).length).toBeLessThan(12);
  const squares = uniform(7, 500).map((value) => value ** 1.5);
  expect(sameDistributionProbability(squares, uniform(8, 700))).toBeLessThan(0.001);
});
