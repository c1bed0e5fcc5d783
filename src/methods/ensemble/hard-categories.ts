import { noGrad } from "../../torch/autograd.js";
import { zeros } from "../../torch/create.js";
import type { Tensor } from "../../torch/tensor.js";

/** Whose raw logits choose the hard classes: the first expert's for all (the reference), each one's own, or their mean. */
export type MaskSource = "first" | "own" | "mean";

/**
 * The hard categories of each image: the H classes with the largest raw logits, the target among them and first.
 * Hard category mining, Li et al., CVPR 2022; H is `hardCategories` and counts the target, as in the reference.
 * logits [K, N, C], labels int64 [N] → class numbers int64 [1 or K, N, H]; "first" and "mean" give one set for all experts.
 */
export function hardCategories(
  logits: Tensor,
  labels: Tensor,
  { hardCategories: count, mask: source }: { hardCategories: number; mask: MaskSource },
): Tensor {
  using _ = noGrad();
  const scores = scoresOf(logits, source);
  const [sets, images] = scores.shape as [number, number];
  const targets = labels.view([1, images, 1]).expand([sets, images, 1]);
  const [, classes] = scores.scatter(2, targets, Infinity).topk(count, { dim: 2 });
  return classes;
}

/** m ∈ {0, 1}^[sets, N, C], float32, from class numbers [sets, N, H]: one at each of the H classes of an image. */
export function hardCategoryMask(hard: Tensor, classes: number): Tensor {
  const [sets, images] = hard.shape as [number, number];
  return zeros([sets, images, classes], { device: hard.device }).scatter(2, hard, 1);
}

function scoresOf(logits: Tensor, source: MaskSource): Tensor {
  switch (source) {
    case "first":
      return logits.narrow(0, 0, 1);
    case "own":
      return logits;
    case "mean":
      return logits.mean({ dim: [0], keepdim: true });
    default:
      return source satisfies never;
  }
}
