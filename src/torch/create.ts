/** New tensors: from JavaScript's data, or filled. */
import type { DType } from "./dispatch.js";
import { native } from "./native.js";
import { emptyMemoryFormat, fullOf, arangeOf } from "./operators.generated.js";
import { Tensor, type ElementArray } from "./tensor.js";

interface Placement {
  dtype?: DType;
  device?: string;
}

function dtypeOfArray(data: ElementArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Int16Array) return "int16";
  if (data instanceof Int8Array) return "int8";
  return "uint8";
}

/**
 * A tensor with a copy of `data`, row-major in `shape` (default: one axis). Numbers become float32 unless `dtype`
 * says otherwise; a typed array keeps its element type.
 * @throws TypeError when the shape does not hold as many elements as the data.
 */
export function tensor(
  data: ElementArray | readonly number[],
  { shape, dtype, device }: { shape?: readonly number[] } & Placement = {},
): Tensor {
  const elements = Array.isArray(data) ? arrayOf(data as readonly number[], dtype) : (data as ElementArray);
  const made = new Tensor(native().copyIn(elements, shape ?? [elements.length], dtypeOfArray(elements)));
  return dtype || device ? made.to({ ...(dtype && { dtype }), ...(device && { device }) }) : made;
}

function arrayOf(data: readonly number[], dtype: DType = "float32"): ElementArray {
  if (dtype === "int64") return BigInt64Array.from(data, (value) => BigInt(value));
  return dtype === "float32" ? Float32Array.from(data) : Float64Array.from(data);
}

/**
 * A tensor on the memory of `data` itself, which may lie on a SharedArrayBuffer: no copy, both see every change, and
 * the memory stays alive as long as the tensor.
 */
export function fromBuffer(data: ElementArray, shape: readonly number[] = [data.length]): Tensor {
  return new Tensor(native().borrow(data, shape, dtypeOfArray(data)));
}

export function empty(
  shape: readonly number[],
  { dtype = "float32", device = "cpu" }: Placement = {},
): Tensor {
  return emptyMemoryFormat(shape, { dtype, device });
}

export function full(
  shape: readonly number[],
  value: number,
  { dtype = "float32", device = "cpu" }: Placement = {},
): Tensor {
  return fullOf(shape, value, { dtype, device });
}

export function zeros(shape: readonly number[], placement: Placement = {}): Tensor {
  return full(shape, 0, placement);
}

export function ones(shape: readonly number[], placement: Placement = {}): Tensor {
  return full(shape, 1, placement);
}

/** 0 … n - 1, int64 by default. */
export function arange(n: number, { dtype = "int64", device = "cpu" }: Placement = {}): Tensor {
  return arangeOf(n, { dtype, device });
}
