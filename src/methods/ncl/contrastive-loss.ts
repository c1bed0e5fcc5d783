import { zeros } from "../../torch/create.js";
import { cat } from "../../torch/operators.generated.js";
import type { Tensor } from "../../torch/tensor.js";

/**
 * InfoNCE: −log of the share that exp(q·k/T) has of itself plus Σ_j exp(q·n_j/T), batch mean: a query should be closer
 * to its own key than to the queue's. queries q and keys k [N, E], queue n [E, Q]; unit vectors.
 * He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020. float32 under autocast.
 */
export function contrastiveLoss(
  queries: Tensor,
  keys: Tensor,
  queue: Tensor,
  { temperature }: { temperature: number },
): Tensor {
  const [images] = queries.shape as [number, number];
  const positive = queries.mul(keys).sum({ dim: [1], keepdim: true }); // [N, 1]
  const logits = cat([positive, queries.matmul(queue).to({ dtype: positive.dtype })], { dim: 1 });
  const first = zeros([images], { dtype: "int64", device: queries.device });
  return logits.to({ dtype: "float32" }).div(temperature).crossEntropyLoss(first);
}
