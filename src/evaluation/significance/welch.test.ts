import { expect, test } from "vitest";
import { holm, welchTest, criticalT, twoSidedP } from "./welch.js";

test("Student's t: the quantiles that tables print", () => {
  for (const [df, t] of [
    [1, 12.706],
    [2, 4.303],
    [4, 2.776],
    [10, 2.228],
    [30, 2.042],
    [1000, 1.962],
  ] as const) {
    expect(twoSidedP(t, df)).toBeCloseTo(0.05, 4);
    expect(criticalT(0.95, df)).toBeCloseTo(t, 3);
  }
});

test("Student's t: closed forms of one and two degrees of freedom", () => {
  for (const t of [0.01, 0.3, 1, 4, 50, 1e4]) {
    expect(twoSidedP(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12);
    expect(twoSidedP(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12);
  }
  expect(twoSidedP(0, 3)).toBe(1);
});

test("Welch's test: equal sizes and variances are Student's own test", () => {
  const { difference, low, high, p } = welchTest([1, 2, 3], [4, 5, 6])!;
  expect(difference).toBe(3);
  const t = 3 / Math.sqrt(2 / 3);
  expect(p).toBeCloseTo(twoSidedP(t, 4), 12);
  expect([low, high]).toEqual([expect.closeTo(3 - 2.776 * Math.sqrt(2 / 3), 3), expect.closeTo(5.267, 3)]);
});

test("Welch's test: unequal variances have fewer degrees of freedom", () => {
  // s²/n: 1/3 and 100/3; df = (101/3)² / ((1/9 + 10000/9) / 2) = 2.0400
  const { p } = welchTest([9, 10, 11], [10, 20, 30])!;
  expect(p).toBeCloseTo(twoSidedP(10 / Math.sqrt(101 / 3), (10201 / 10001) * 2), 12);
});

test("nothing is said of single measurements, nor where nothing varies", () => {
  expect(welchTest([1], [2, 3])).toBeNull();
  expect(welchTest([1, 1], [2, 2])).toBeNull();
});

test("Holm's adjustment keeps the order and multiplies the smallest by the number of tests", () => {
  expect(holm([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
  expect(holm([0.5, 0.9])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});
