import { expect, test } from "vitest";
import { Mulberry32 } from "../../../test/support/mulberry32.js";
import { sameDistributionProbability } from "../kolmogorov-smirnov.fixture.js";
import { drawBeta } from "./mix.js";

function uniform(seed: number): () => number {
  const random = new Mulberry32(seed);
  return () => random.floats(1, 0, 1)[0]! % 1;
}

function draws(alpha: number, count: number): number[] {
  const next = uniform(1);
  return Array.from({ length: count }, () => drawBeta(alpha, next));
}

/** Values whose distribution function is known, by its inverse. */
const known: [alpha: number, inverse: (u: number) => number][] = [
  [0.5, (u) => Math.sin((Math.PI * u) / 2) ** 2], // the arcsine law
  [1, (u) => u],
  [2, (u) => 0.5 - Math.sin(Math.asin(1 - 2 * u) / 3)], // the root of 3 x² − 2 x³ = u
];

test.each(known)("the symmetric Beta of %d is what its distribution function says", (alpha, inverse) => {
  const next = uniform(2);
  const exact = Array.from({ length: 20_000 }, () => inverse(next()));
  expect(sameDistributionProbability(draws(alpha, 20_000), exact)).toBeGreaterThan(0.001);
});

test.each([0.01, 0.2, 8, 1000])("the symmetric Beta of %d has its mean and variance", (alpha) => {
  const values = draws(alpha, 20_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const expected = 1 / (4 * (2 * alpha + 1));
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(expected / values.length));
  expect(variance / expected).toBeCloseTo(1, 1);
  expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
});
