import { expect, test } from "vitest";
import { welchTest, criticalT, twoSidedP } from "./welch.js";

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

test("of several tests the interval and p follow one rule: 0 is left out exactly where p is below 0.05", () => {
  const first = [1, 2, 3, 4];
  const alone = welchTest(first, [3.5, 5, 5.5, 6.5])!;
  const of4 = welchTest(first, [3.5, 5, 5.5, 6.5], { tests: 4 })!;
  expect(of4.p).toBeCloseTo(4 * alone.p, 12);
  expect(of4.high - of4.low).toBeGreaterThan(alone.high - alone.low);
  for (let shift = 0; shift < 4; shift += 0.1)
    for (const tests of [1, 2, 5]) {
      const { low, p } = welchTest(
        first,
        first.map((value, i) => value + shift + (i % 2) / 2),
        { tests },
      )!;
      expect(low > 0, `${shift} ${tests}`).toBe(p < 0.05);
    }
  expect(welchTest(first, [1, 2, 3, 5], { tests: 100 })!.p).toBe(1);
});
