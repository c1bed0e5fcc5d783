import { expect, test } from "vitest";
import { ones } from "../torch/create.js";
import { manualSeed } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { Dropout } from "./dropout.js";

test("dropout zeroes a share of the values when training, and keeps the mean", () => {
  using _ = scope();
  manualSeed(1);
  const values = new Dropout({ p: 0.25 }).forward(ones([10_000])).toList();
  expect([...new Set(values.map((value) => value.toFixed(4)))].sort()).toEqual(["0.0000", "1.3333"]);
  expect(values.filter((value) => value === 0).length / values.length).toBeCloseTo(0.25, 1);
});

test("dropout passes everything in evaluation, or with p = 0", () => {
  using _ = scope();
  const x = ones([8]);
  expect(new Dropout({ p: 0.5 }).eval().forward(x)).toBe(x);
  expect(new Dropout({ p: 0 }).forward(x)).toBe(x);
});
