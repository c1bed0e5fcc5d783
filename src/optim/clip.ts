import { foreachNorm, foreachScale_, stack } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";

const EPSILON = 1e-6; // as PyTorch's clip_grad_norm_ adds it to the norm

/**
 * Scales the gradients in place so that the norm of all of them together is at most `limit`, and returns the norm
 * before, a scalar that nobody has waited for. g ← g · min(1, limit / (|g| + 1e-6)). Pascanu et al., ICML 2013. Call
 * inside a scope.
 */
export function clipGradientNorm(gradients: readonly Tensor[], limit: number): Tensor {
  const norm = stack(foreachNorm(gradients)).linalgVectorNorm();
  foreachScale_(gradients, norm.add(EPSILON).pow(-1).mul(limit).clamp({ max: 1 }));
  return norm;
}
