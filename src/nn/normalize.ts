import type { Tensor } from "../torch/tensor.js";

const SMALLEST_NORM = 1e-12; // a zero vector stays zero instead of becoming NaN

/** x / |x|₂ along one axis. */
export function normalize(x: Tensor, axis: number): Tensor {
  return x.div(x.linalgVectorNorm({ ord: 2, dim: [axis], keepdim: true }).clamp({ min: SMALLEST_NORM }));
}
