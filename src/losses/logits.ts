import { stack } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";

// Between float32's largest value (3.4e38) and any logit of a sane network, so that sums over experts, images and
// classes of what lies within stay finite.
const BOUND = 1e30;

/**
 * Logits [N, C] of K experts as the losses take them: one tensor [K, N, C], float32 under autocast too (float64 stays).
 * Values beyond ±1e30 are cut there, so that no loss and no gradient overflows; an infinite one becomes NaN, so that
 * a training that has diverged is noticed.
 */
export function stackLogits(logits: readonly Tensor[]): Tensor {
  const stacked = stack(logits);
  const z = stacked.dtype === "float64" ? stacked : stacked.to({ dtype: "float32" });
  return z.clamp({ min: -BOUND, max: BOUND }).add(z.mul(0));
}
