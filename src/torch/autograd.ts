/** Reverse-mode differentiation by libtorch's engine. */
import { handles, wrapNullable } from "./dispatch.js";
import { native } from "./native.js";
import type { Tensor } from "./tensor.js";

function gradMode(on: boolean): Disposable {
  const before = native().setGradMode(on);
  return { [Symbol.dispose]: () => native().setGradMode(before) };
}

/** Nothing is recorded for differentiation until the block ends: `using _ = noGrad();`. Must not span an `await`. */
export const noGrad = (): Disposable => gradMode(false);

/** Records again inside noGrad(). */
export const enableGrad = (): Disposable => gradMode(true);

/** Adds the gradients of the tensors' sum to the leaves' `grad`. Tensors that are no scalars need their `gradients`. */
export function backward(
  tensors: readonly Tensor[],
  gradients?: readonly Tensor[],
  { retainGraph = false } = {},
): void {
  native().backward(handles(tensors), gradients ? handles(gradients) : null, retainGraph);
}

/** Gradients of the outputs' sum with respect to the inputs; null for an input that no output depends on. */
export function grad(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  {
    gradients,
    retainGraph = false,
    createGraph = false,
  }: { gradients?: readonly Tensor[]; retainGraph?: boolean; createGraph?: boolean } = {},
): (Tensor | null)[] {
  const given = gradients ? handles(gradients) : null;
  return native()
    .grad(handles(outputs), handles(inputs), given, retainGraph || createGraph, createGraph, true)
    .map(wrapNullable);
}

/** The `grad` of many tensors in one call; null where there is none. */
export function gradients(tensors: readonly Tensor[]): (Tensor | null)[] {
  return native().gradients(handles(tensors)).map(wrapNullable);
}

/** Forgets the `grad` of many tensors in one call. */
export function clearGradients(tensors: readonly Tensor[]): void {
  native().clearGradients(handles(tensors));
}
