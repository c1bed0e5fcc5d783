import { expect, it } from "vitest";
import { chunkOf, largest } from "./math.js";

it("the largest come in order, of equal ones the first; more than there are is all", () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
  expect(largest(values, 4)).toEqual([5, 7, 4, 8]);
  expect(largest(Float32Array.of(0.5, 0.5, 0.5), 2)).toEqual([0, 1]);
  const sorted = values.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value);
  expect(largest(values, 99)).toEqual(sorted.map(({ index }) => index));
});

it("chunks differ by one at most, and no later one is larger", () => {
  const sizes = (length: number): number[] =>
    [0, 1, 2, 3].map((index) => {
      const [from, to] = chunkOf(length, { index, of: 4 });
      return to - from;
    });
  expect([10, 8, 7, 2].map(sizes)).toEqual([
    [3, 3, 2, 2],
    [2, 2, 2, 2],
    [2, 2, 2, 1],
    [1, 1, 0, 0],
  ]);
});

it("chunks follow one another and cover everything", () => {
  const bounds = [0, 1, 2].map((index) => chunkOf(7, { index, of: 3 }));
  expect(bounds).toEqual([
    [0, 3],
    [3, 5],
    [5, 7],
  ]);
});
