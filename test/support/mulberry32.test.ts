import { expect, test } from "vitest";
import { Mulberry32 } from "./mulberry32.js";

test("the numbers of seed 12345 that the golden values' description names", () => {
  const random = new Mulberry32(12345);
  expect(random.uniform()).toBeCloseTo(0.97972827, 8);
  expect(random.uniform()).toBeCloseTo(0.30675226, 8);
});
