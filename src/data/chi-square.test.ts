import { expect, it } from "vitest";
import { chiSquareProbability } from "./chi-square.fixture.js";

it("gives the probabilities of the published table", () => {
  const probability = (statistic: number, cells: number): number => {
    const off = Math.sqrt(statistic * 50); // two cells of 100 that are off by as much give the statistic
    const even = Array.from({ length: cells }, () => 100);
    return chiSquareProbability([100 + off, 100 - off, ...even.slice(2)], even);
  };
  expect(probability(3.8415, 2)).toBeCloseTo(0.05, 5);
  expect(probability(18.307, 11)).toBeCloseTo(0.05, 5);
  expect(probability(51.179, 25)).toBeCloseTo(0.001, 5);
  expect(probability(11.591, 22)).toBeCloseTo(0.95, 4);
  expect(probability(0, 5)).toBe(1);
});
