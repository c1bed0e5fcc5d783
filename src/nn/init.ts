import { zeros } from "../torch/create.js";
import type { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";

/** How a layer draws its start weights, of the given shape: [outputs, inputs, ...kernel]. */
export type Initializer = (shape: readonly number[], rng: Rng) => Tensor;

/**
 * Normal with variance 2 / fan-in, which keeps the variance of what passes through layers with ReLU.
 * He et al., "Delving deep into rectifiers", ICCV 2015, eq. 10.
 */
export function kaimingNormal(shape: readonly number[], rng: Rng): Tensor {
  return rng.normal(shape, { mean: 0, std: Math.sqrt(2 / fanIn(shape)) });
}

/** Uniform in ±1/√fan-in: what PyTorch's Conv2d and Linear start from. */
export function fanInUniform(shape: readonly number[], rng: Rng): Tensor {
  const bound = 1 / Math.sqrt(fanIn(shape));
  return rng.uniform(shape, { low: -bound, high: bound });
}

/** Zeros, for biases. */
export const zeroInit: Initializer = (shape) => zeros(shape);

/** Uniform in ±bound. */
export function uniformWithin(bound: number): Initializer {
  return (shape, rng) => rng.uniform(shape, { low: -bound, high: bound });
}

/** Number of inputs that one output sums over. */
function fanIn([, ...inputs]: readonly number[]): number {
  return inputs.reduce((product, size) => product * size, 1);
}
