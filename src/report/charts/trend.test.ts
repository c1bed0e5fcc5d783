import { expect, test } from "vitest";
import { logTrend, trendAt } from "./trend.js";

test("finds a line over the logarithm exactly, and explains all of it", () => {
  const points = [1, 10, 100, 1000].map((x) => ({ x, y: 5 + 20 * Math.log10(x) }));
  const trend = logTrend(points)!;
  expect(trend.slope).toBeCloseTo(20);
  expect(trend.explained).toBeCloseTo(1);
  expect(trendAt(trend, 50)).toBeCloseTo(5 + 20 * Math.log10(50));
});

test("there is none for one size, nor for two points", () => {
  expect(logTrend([1, 2, 3].map((y) => ({ x: 7, y })))).toBeNull();
  expect(
    logTrend([
      { x: 1, y: 1 },
      { x: 2, y: 2 },
    ]),
  ).toBeNull();
});
