import type { Tensor } from "../torch/tensor.js";

/** Mean over height and width: x [N, C, H, W] → [N, C]. */
export function globalAveragePool(x: Tensor): Tensor {
  return x.mean({ dim: [2, 3] });
}
