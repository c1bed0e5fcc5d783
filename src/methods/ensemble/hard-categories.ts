import type { RecipeIssue } from "../../recipes/faults.js";
import { noGrad } from "../../torch/autograd.js";
import { zeros } from "../../torch/create.js";
import type { Tensor } from "../../torch/tensor.js";

/** Whose raw logits choose the hard classes: the first expert's for all (the reference), each one's own, or their mean. */
export type HardCategorySource = "first" | "own" | "mean";

/**
 * What the partial softmax does with the classes that are not hard: their logits become 0 (the reference), or they are
 * left out.
 */
export type OtherLogits = "zeroed" | "removed";

/** Options that NCL and NCL++ have in common. */
export interface NestedOptions {
  /** H, counts the target. */
  readonly hardCategories: number;
  /** Weight of NIL on all classes. */
  readonly crossEntropy: number;
  /** Weight of NIL on the hard classes. */
  readonly hardCrossEntropy: number;
  /** Weight of NBOD on all classes. */
  readonly distillation: number;
  readonly hardCategorySource: HardCategorySource;
  readonly otherLogits: OtherLogits;
  /** Added to a student's probability before the log; the reference: 1e-9. */
  readonly logEpsilon: number;
}

/**
 * The hard categories of each image: the H classes with the largest raw logits, the target among them and first.
 * Hard category mining, Li et al., CVPR 2022; H is `hardCategories` and counts the target, as in the reference.
 * logits [K, N, C], labels int64 [N] → class numbers int64 [1 or K, N, H]; "first" and "mean" give one set for all experts.
 */
export function hardCategories(
  logits: Tensor,
  labels: Tensor,
  {
    hardCategories: count,
    hardCategorySource: source,
  }: Pick<NestedOptions, "hardCategories" | "hardCategorySource">,
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

function scoresOf(logits: Tensor, source: HardCategorySource): Tensor {
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

/**
 * The problem restricted to the hard classes: log p [K, N, C] ("zeroed") or [K, N, H] ("removed", where the target is
 * the first of the H).
 */
export function partialProblem(
  balanced: Tensor,
  { labels, hard, otherLogits }: { labels: Tensor; hard: Tensor; otherLogits: OtherLogits },
): { logProbabilities: Tensor; targets: Tensor } {
  const [experts, images, classes] = balanced.shape as [number, number, number];
  switch (otherLogits) {
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
      return otherLogits satisfies never;
  }
}

/** Hard-category settings that do not fit one another or the number of classes. */
export function hardCategoryIssues(
  { hardCategories: count, hardCategorySource, otherLogits }: NestedOptions,
  classes: number | null,
): RecipeIssue[] {
  const issues: RecipeIssue[] = [];
  if (classes !== null && count > classes)
    issues.push({
      key: "method.hardCategories",
      expected: `at most ${classes}, the number of classes`,
    });
  if (otherLogits === "removed" && hardCategorySource === "own")
    issues.push({
      key: "method.otherLogits",
      expected: '"zeroed" with hardCategorySource "own"',
      remedy:
        "experts that keep different classes have no divergence between them; choose hardCategorySource first or mean to " +
        "remove the other classes",
    });
  return issues;
}
