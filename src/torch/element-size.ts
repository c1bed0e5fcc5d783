import type { DType } from "./dispatch.js";

/** Bytes of one element. */
export const ELEMENT_SIZE: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Whether a tensor's bytes can be counted. libtorch multiplies all sizes but zeros, of a tensor without elements too. */
export function isAddressable(shape: readonly number[], elementSize: number): boolean {
  return Number.isSafeInteger(shape.reduce((product, size) => product * Math.max(1, size), elementSize));
}
