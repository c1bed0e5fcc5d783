/** What generated operators call: the addon's boxed call, and the way from handles to tensors. */
import { native, type Handle } from "./native.js";
import type { Tensor } from "./tensor.js";

export type DType =
  "float32" | "float64" | "int64" | "int32" | "int16" | "int8" | "uint8" | "bfloat16" | "float16" | "bool";
export type MemoryFormat = "contiguous" | "channels_last" | "preserve";
/** A JavaScript number is a floating-point scalar, a bigint an integer one: `2` never becomes an integer by accident. */
export type Scalar = number | bigint | boolean;

/** Calls operator number `operator` of the generated list. Replaced by the addon's own function on the first call. */
export let call = (operator: number, ...args: unknown[]): unknown => {
  call = native().call;
  return call(operator, ...args);
};

/** Receives a call of an operator after it was made: its number, arguments and result. */
type CallObserver = (operator: number, args: readonly unknown[], result: unknown) => void;

/** Passes the calls that follow to `observer` until it is disposed of. Without one, calls cost nothing more. */
export function observeCalls(observer: CallObserver): Disposable {
  const plain = native().call;
  call = (operator, ...args) => {
    const result = plain(operator, ...args);
    observer(operator, args, result);
    return result;
  };
  return {
    [Symbol.dispose]() {
      call = plain;
    },
  };
}

let construct: (handle: Handle) => Tensor;

/** tensor.ts registers how a tensor is made; the other direction would be an import cycle. */
export function setTensorConstructor(constructor: (handle: Handle) => Tensor): void {
  construct = constructor;
}

export const wrap = (handle: unknown): Tensor => construct(handle as Handle);
export const wrapNullable = (handle: unknown): Tensor | null =>
  handle === null ? null : construct(handle as Handle);
export const wrapAll = (handles: unknown): Tensor[] => (handles as Handle[]).map(wrap);
export const handles = (tensors: readonly Tensor[]): Handle[] => tensors.map((tensor) => tensor.handle);
