import { expect, test } from "vitest";
import { samples, valueAt } from "./at.ts";

const series = { name: "loss", color: "--s1", x: [1, 2, 4], y: [3, 2, null] };

test("the last value that is known at a place, and of all", () => {
  expect([0, 1, 3, 9].map((x) => valueAt(series, x))).toEqual([null, 3, 2, 2]);
  expect(valueAt(series, null)).toBe(2);
  expect(valueAt({ ...series, x: [], y: [] }, null)).toBeNull();
});

test("some places of all curves, from the first to the last", () => {
  expect(samples([series, { ...series, x: [3] }], 9)).toEqual([1, 2, 3, 4]);
  const long = { ...series, x: Array.from({ length: 1000 }, (_, i) => i) };
  expect(samples([long], 5)).toEqual([0, 250, 500, 749, 999]);
});
