import type { Tensor } from "../torch/tensor.js";

/** Mean over height and width: x [N, C, H, W] → [N, C]. */
export function globalAveragePool(x: Tensor): Tensor {
  return x.mean({ dim: [2, 3] });
}

/** Largest of each 3×3 window, at half the resolution: x [N, C, H, W] → [N, C, ⌈H/2⌉, ⌈W/2⌉]. */
export function halvingMaxPool(x: Tensor): Tensor {
  return x.maxPool2d([3, 3], { stride: [2, 2], padding: [1, 1] });
}
