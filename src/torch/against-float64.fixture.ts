import { expect } from "vitest";
import type { Tensor } from "./tensor.js";

/** How far a tensor is from the float64 one: L2 by L2, and the worst element by the largest. */
export function errors(found: Tensor, expected: Tensor): { relative: number; worst: number } {
  const difference = found.to({ dtype: "float64" }).sub(expected);
  return {
    relative: difference.linalgVectorNorm().item() / expected.linalgVectorNorm().item(),
    worst: difference.abs().max().item() / expected.abs().max().item(),
  };
}

/** What native/kernels promises: relative L2 below 1e-5, no element further away than 1e-4 of the largest. */
export function expectAccurate(found: Tensor, expected: Tensor, name: string): void {
  expect(found.shape, name).toEqual(expected.shape);
  const { relative, worst } = errors(found, expected);
  expect(relative, name).toBeLessThan(1e-5);
  expect(worst, name).toBeLessThan(1e-4);
}
