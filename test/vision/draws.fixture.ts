/** What a transform draws, many times. */
import type { TransformSpec } from "../../src/recipes/schema.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { chiSquareProbability } from "../../src/data/chi-square.fixture.js";
import { vision } from "../../src/data/vision.js";

export const DRAWS = 100_000;
/** Streams are fixed, so a test that passes once passes always; of a thousand that are right one would fail. */
export const LEAST = 0.001;
/** The random numbers of `draws`, for transformImage. */
export const RANDOM = { seed: 5, epoch: 2, view: 0 };

interface Draws {
  readonly height?: number;
  readonly width?: number;
  readonly view?: number;
  readonly images?: number;
}

/** [images][numbers], the numbers as native/vision lists them for each transform. */
export function draws(
  transform: TransformSpec,
  { height = 32, width = 32, view = 0, images = DRAWS }: Draws = {},
): number[][] {
  using _ = scope();
  const options = { ...RANDOM, height, width, view, images };
  const drawn = new Tensor(vision().drawTransform(transform, options));
  const numbers = drawn.toArray() as Float64Array;
  const each = drawn.shape[1]!;
  return Array.from({ length: images }, (_, image) => [
    ...numbers.subarray(image * each, (image + 1) * each),
  ]);
}

export const column = (rows: readonly number[][], index: number): number[] => rows.map((row) => row[index]!);

/** Chi-square of how often each of `cells` values comes, against equal shares or those given. */
export function countsProbability(values: readonly number[], expected: readonly number[]): number {
  const observed = expected.map(() => 0);
  for (const value of values) observed[value]! += 1;
  return chiSquareProbability(observed, expected);
}

export const equal = (cells: number): number[] => Array.from({ length: cells }, () => 1);
