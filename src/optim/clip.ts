import { foreachMul_, foreachNorm, stack } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";

const EPSILON = 1e-6; // as PyTorch's clip_grad_norm_ adds it to the norm

/**
 * Scales the gradients in place so that the norm of all of them together is at most `limit`, and returns the norm
 * before. g ← g · min(1, limit / (|g| + 1e-6)). Pascanu et al., ICML 2013. Call inside a scope.
 */
export function clipGradientNorm(gradients: readonly Tensor[], limit: number): number {
  const norm = stack(foreachNorm(gradients)).linalgVectorNorm().item();
  const factor = limit / (norm + EPSILON);
  if (factor < 1) foreachMul_(gradients, factor);
  return norm;
}
