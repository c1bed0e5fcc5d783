import type { Tensor } from "../torch/tensor.js";

const SMALLEST_NORM = 1e-12; // a zero vector stays zero instead of becoming NaN

/** x / |x|₂ along one axis. */
export function normalize(x: Tensor, axis: number): Tensor {
  return x.div(x.linalgVectorNorm({ ord: 2, dim: [axis], keepdim: true }).clamp({ min: SMALLEST_NORM }));
}

/** Mean over height and width: x [N, C, H, W] → [N, C]. */
export function globalAveragePool(x: Tensor): Tensor {
  return x.mean({ dim: [2, 3] });
}

/** Largest of each 3×3 window, at half the resolution: x [N, C, H, W] → [N, C, ⌈H/2⌉, ⌈W/2⌉]. */
export function halvingMaxPool(x: Tensor): Tensor {
  return x.maxPool2d([3, 3], { stride: [2, 2], padding: [1, 1] });
}
