import type { Tensor } from "../../torch/tensor.js";
import { balancedLogits, stackLogits } from "../ensemble/cross-entropy.js";
import { balancedOnlineDistillation, nestedIndividualLearning } from "../ensemble/distillation.js";
import { hardCategories, type NestedOptions, partialProblem } from "../ensemble/hard-categories.js";

export interface NclOptions extends NestedOptions {
  /** Weight of NBOD on the hard classes. */
  readonly hardDistillation: number;
}

export type NclTerms = Record<"crossEntropy" | "hard" | "distillation" | "hardDistillation", Tensor>;

/**
 * Nested collaborative learning: NIL and NBOD of the balanced logits z′ = z + log n, on all classes and on the hard ones.
 * The four terms are weighted scalars; the loss is their sum. Li et al., CVPR 2022.
 * logits z_k [N, C] of each expert, labels int64 [N], logCounts log n [C].
 */
export function ncl(
  logits: readonly Tensor[],
  labels: Tensor,
  logCounts: Tensor,
  options: NclOptions,
): NclTerms {
  const raw = stackLogits(logits);
  const balanced = balancedLogits(raw, logCounts);
  const hard = hardCategories(raw, labels, options);
  const all = { logProbabilities: balanced.logSoftmax(2), targets: labels };
  const partial = partialProblem(balanced, { labels, hard, otherLogits: options.otherLogits });
  const { logEpsilon } = options;
  return {
    crossEntropy: nestedIndividualLearning(all.logProbabilities, all.targets).mul(options.crossEntropy),
    hard: nestedIndividualLearning(partial.logProbabilities, partial.targets).mul(options.hardCrossEntropy),
    distillation: balancedOnlineDistillation(all.logProbabilities, {
      weight: options.distillation,
      logEpsilon,
    }),
    hardDistillation: balancedOnlineDistillation(partial.logProbabilities, {
      weight: options.hardDistillation,
      logEpsilon,
    }),
  };
}
