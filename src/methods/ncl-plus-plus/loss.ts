import { ShapeError } from "../../torch/errors.js";
import type { Tensor } from "../../torch/tensor.js";
import { balancedLogits, stackLogits } from "../ensemble/cross-entropy.js";
import {
  hardCategories,
  hardCategoryMask,
  type NestedOptions,
  partialProblem,
} from "../ensemble/hard-categories.js";
import { balancedOnlineDistillation, nestedIndividualLearning } from "../ensemble/distillation.js";

export interface NclPlusPlusOptions extends NestedOptions {
  /** V, views of each image, each changed at random; intra distillation needs two. */
  readonly augmentations: number;
}

export type NclPlusPlusTerms = Record<"crossEntropy" | "hard" | "intra" | "inter", Tensor>;

/**
 * NCL++: NIL of the balanced logits z′ = z + log n on all classes and on the hard ones, and two distillations: `inter`
 * between the experts, image by image, and `intra` between the augmentations of an image, expert by expert. Each is D over a
 * list of L predictions [L, N, C]:
 *   D = w · Σ_{i≠j} [KL(p_j ‖ p_i) + Σ_c m_c · p_jc · log(p_jc / p_ic)] / (L(L−1)/2), batch mean; 0 for L = 1.
 * m [N, C] is 1 at the hard classes: here it multiplies the probabilities, in `hard` the logits. `intra` takes the
 * first augmentations' m. Tan et al., NCL++ (arXiv 2306.16709), as its code computes it.
 *
 * logits z_k [V·N, C] of each expert, augmentation after augmentation; labels int64 [N]; logCounts log n [C]. The four terms are
 * weighted scalars; the loss is their sum.
 */
export function nclPlusPlus(
  logits: readonly Tensor[],
  labels: Tensor,
  logCounts: Tensor,
  options: NclPlusPlusOptions,
): NclPlusPlusTerms {
  const raw = stackLogits(logits);
  const [, rows, classes] = raw.shape as [number, number, number];
  assertAugmentations(rows, labels, options.augmentations);
  const targets = labels.repeat([options.augmentations]);
  const balanced = balancedLogits(raw, logCounts);
  const hard = hardCategories(raw, targets, options);
  const mask = hardCategoryMask(hard, classes); // [1 or K, V·N, C]
  const partial = partialProblem(balanced, { labels: targets, hard, otherLogits: options.otherLogits });
  const all = balanced.logSoftmax(2);

  return {
    crossEntropy: nestedIndividualLearning(all, targets).mul(options.crossEntropy),
    hard: nestedIndividualLearning(partial.logProbabilities, partial.targets).mul(options.hardCrossEntropy),
    intra: intraDistillation(all, mask, options),
    inter: maskedDistillation(all, mask, options),
  };
}

/** Σ_k D over the V augmentations of expert k: the experts' rows [V, K·N, C] lie side by side. */
function intraDistillation(all: Tensor, mask: Tensor, options: NclPlusPlusOptions): Tensor {
  const [experts, rows, classes] = all.shape as [number, number, number];
  const { augmentations } = options;
  const images = rows / augmentations;
  const split = [-1, augmentations, images, classes];
  const firstMask = mask.view(split).select(1, 0).expand([experts, -1, -1]); // [K, N, C]
  const side = [-1, experts * images, classes];
  return maskedDistillation(
    all.view(split).transpose(0, 1).reshape(side),
    firstMask.reshape(side),
    options,
  ).mul(experts);
}

/** D over L predictions log p [L, N, C] with the mask m [L or 1, N, C] of each teacher. */
function maskedDistillation(
  logProbabilities: Tensor,
  mask: Tensor,
  { distillation, logEpsilon }: NclPlusPlusOptions,
): Tensor {
  const [list] = logProbabilities.shape as [number, number, number];
  return balancedOnlineDistillation(logProbabilities, {
    weight: (2 * distillation) / list,
    logEpsilon,
    classWeights: mask.add(1),
  });
}

function assertAugmentations(rows: number, labels: Tensor, augmentations: number): void {
  const [images] = labels.shape as [number];
  if (rows === augmentations * images) return;
  const expected = `logits of ${augmentations} augmentations of ${images} images, [${augmentations * images}, C]`;
  throw new ShapeError("nclPlusPlus", { expected, received: [rows] });
}
