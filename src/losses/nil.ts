import type { Tensor } from "../torch/tensor.js";

/**
 * Nested individual learning, one level of it: Σ_k −log p_k(y), a batch mean for each of the K experts.
 * logProbabilities log p [K, N, C] (of all classes or of the hard ones), targets int64 [N] (positions among the C).
 * Li et al., CVPR 2022.
 */
export function nestedIndividualLearning(logProbabilities: Tensor, targets: Tensor): Tensor {
  const [experts] = logProbabilities.shape as [number, number, number];
  const rows = logProbabilities.flatten({ startDim: 0, endDim: 1 });
  return rows.nllLoss(targets.repeat([experts])).mul(experts);
}
