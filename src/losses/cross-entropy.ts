import type { Tensor } from "../torch/tensor.js";

/**
 * Σ_k CE(z_k, y), each a batch mean: the sum of K experts' cross-entropies. z [K, N, C], labels y int64 [N].
 * With smoothing ε the target is (1 − ε) · one-hot(y) + ε / C (Szegedy et al., CVPR 2016).
 */
export function crossEntropy(logits: Tensor, labels: Tensor, { labelSmoothing = 0 } = {}): Tensor {
  const [experts] = logits.shape as [number, number, number];
  const rows = logits.flatten({ startDim: 0, endDim: 1 });
  return rows.crossEntropyLoss(labels.repeat([experts]), { labelSmoothing }).mul(experts);
}
