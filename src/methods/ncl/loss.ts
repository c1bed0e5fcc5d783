import { UsageError } from "../../support/errors.js";
import { zeros } from "../../torch/create.js";
import type { Tensor } from "../../torch/tensor.js";
import { balancedLogits, stackLogits } from "../ensemble/cross-entropy.js";
import { hardCategories, hardCategoryMask, type MaskSource } from "../ensemble/hard-categories.js";
import { balancedOnlineDistillation, nestedIndividualLearning } from "../ensemble/distillation.js";
/** What the partial softmax does with the classes that are not hard: their logits become 0 (the reference), or they are left out. */
export type NonHard = "zeroed" | "removed";

/** What NCL and NCL++ have in common. */
export interface NestedOptions {
  hardCategories: number; // H, counts the target
  crossEntropy: number; // weight of NIL on all classes
  hard: number; // weight of NIL on the hard classes
  distillation: number; // weight of NBOD on all classes
  mask: MaskSource;
  nonHard: NonHard;
  logEpsilon: number; // added to a student's probability before the log; the reference: 1e-9
}

export interface NclOptions extends NestedOptions {
  hardDistillation: number; // weight of NBOD on the hard classes
}

export type NclParts = Record<"crossEntropy" | "hard" | "distillation" | "hardDistillation", Tensor>;

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
): NclParts {
  const raw = stackLogits(logits);
  const balanced = balancedLogits(raw, logCounts);
  const hard = hardCategories(raw, labels, options);
  const all = { logProbabilities: balanced.logSoftmax(2), targets: labels };
  const partial = partialProblem(balanced, labels, hard, options.nonHard);
  const { logEpsilon } = options;
  return {
    crossEntropy: nestedIndividualLearning(all.logProbabilities, all.targets).mul(options.crossEntropy),
    hard: nestedIndividualLearning(partial.logProbabilities, partial.targets).mul(options.hard),
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

/** @throws UsageError for more hard categories than there are classes. */
export function assertHardCategories(hardCategories: number, classes: number): void {
  if (hardCategories <= classes) return;
  throw new UsageError(
    `method.hardCategories: expected at most ${classes}, the number of classes, found ${hardCategories}`,
  );
}

/** @throws UsageError for a combination that has no meaning. `classes`: their number. */
export function assertNclOptions(options: NclOptions, classes: number): void {
  assertHardCategories(options.hardCategories, classes);
  if (options.nonHard === "removed" && options.mask === "own") {
    throw new UsageError(
      'method.nonHard: expected "zeroed" with mask "own", found "removed": experts that keep different classes have no ' +
        'divergence between them; choose mask "first" or "mean" to remove the other classes',
    );
  }
}

/**
 * The problem restricted to the hard classes: log p [K, N, C] ("zeroed") or [K, N, H] ("removed", where the target is
 * the first of the H).
 */
export function partialProblem(
  balanced: Tensor,
  labels: Tensor,
  hard: Tensor,
  nonHard: NonHard,
): { logProbabilities: Tensor; targets: Tensor } {
  const [experts, images, classes] = balanced.shape as [number, number, number];
  switch (nonHard) {
    case "zeroed":
      return {
        logProbabilities: balanced.mul(hardCategoryMask(hard, classes)).logSoftmax(2),
        targets: labels,
      };
    case "removed": {
      const logits = balanced.gather(2, hard.expand([experts, -1, -1]));
      return {
        logProbabilities: logits.logSoftmax(2),
        targets: zeros([images], { dtype: "int64", device: hard.device }),
      };
    }
    default:
      return nonHard satisfies never;
  }
}
