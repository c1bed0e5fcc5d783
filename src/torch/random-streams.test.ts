import { expect, test } from "vitest";
import { RANDOM_STREAMS, streamOf } from "./random-streams.js";

test("no two purposes share a stream, and all are numbers that Rng takes", () => {
  const ranges = Object.values(RANDOM_STREAMS).sort((a, b) => a.first - b.first);
  ranges.forEach(({ first, size }, i) => {
    expect(size).toBeGreaterThan(0);
    expect(first + size).toBeLessThanOrEqual(ranges[i + 1]?.first ?? Number.MAX_SAFE_INTEGER);
  });
});

test("the streams of trainings that were made before stay where they were", () => {
  expect([streamOf("weights"), streamOf("order", 3), streamOf("keyOrder", 5)]).toEqual([
    0,
    2 ** 32 + 3,
    2 ** 33 + 5,
  ]);
  expect([
    streamOf("classes"),
    streamOf("imagesOfClasses"),
    streamOf("repeats"),
    streamOf("heldOut", 2),
  ]).toEqual([3 * 2 ** 32, 4 * 2 ** 32, 5 * 2 ** 32, 6 * 2 ** 32 + 2]);
});

test("a number beyond a purpose's range is refused", () => {
  expect(() => streamOf("weights", 1)).toThrowErrorMatchingInlineSnapshot(
    `[RangeError: random streams of weights: expected a whole number from 0 to 0, found 1]`,
  );
  expect(() => streamOf("mix", -1)).toThrow("expected a whole number from 0");
});
