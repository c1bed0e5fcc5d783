import { expect, it } from "vitest";
import { chunkOf } from "./math.js";

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
