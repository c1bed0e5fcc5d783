import type { CacheListener } from "../data/cache/report.js";
import type { Dataset } from "../data/dataset.js";
import type { BatchSource } from "../data/loader/loader.js";
import { classStatistics } from "../data/statistics.js";
import { atWork, type Peers } from "../distributed/peers.js";
import type { Method } from "../methods/ensemble/method.js";
import { Ensemble } from "../models/ensemble.js";
import { CosineClassifier } from "../models/registry.js";
import { Linear } from "../nn/linear.js";
import type { Module } from "../nn/module.js";
import type { RecipeIssue } from "../recipes/faults.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { type Frozen, frozenFeatures } from "./features.js";
import { learnScales } from "./learned-scales.js";
import { openPlainTraining } from "./loaders.js";
import type { Trainee } from "./trainee.js";
import type { TrainingData } from "./training-data.js";

/** Settings that the adjustment of the classifiers does not go together with. */
export function adjustmentIssues(recipe: ResolvedRecipe): RecipeIssue[] {
  const { adjustment, classifier, ema, selection } = recipe;
  const { kind } = adjustment;
  if (kind === "none") return [];
  const issues: RecipeIssue[] = [];
  const withIt = `with adjustment.kind ${kind}`;
  if (kind !== "logit-adjustment" && classifier.kind !== "fc")
    issues.push({ key: "classifier.kind", expected: `fc ${withIt}: other rows have no length of their own` });
  if (kind === "logit-adjustment" && !(classifier.kind !== "fc-norm" && classifier.bias))
    issues.push({ key: "classifier", expected: `a classifier with a bias ${withIt}, which changes it` });
  if (selection.kind !== "last")
    issues.push({
      key: "selection.kind",
      expected: `last ${withIt}: other epochs are evaluated before the classifiers are adjusted`,
    });
  if (ema !== null && kind === "learned-scales")
    issues.push({ key: "ema", expected: `null ${withIt}`, found: "averages" });
  return issues;
}

/** What of a training decides how its classifiers are adjusted. */
interface Adjusted extends Frozen {
  readonly trainee: Pick<Trainee, "method" | "ema">;
  readonly peers: Peers;
  readonly data: Pick<TrainingData, "trainSubset" | "test" | "heldOut">;
}

/**
 * Adjusts the classifiers as the recipe says, and their averages where there are some. Call it once, after the last step. Learned
 * scales look at every training image; no signal ends that early, because the weights would be neither the trained nor the adjusted
 * ones.
 */
export async function adjustTrained(
  training: Adjusted,
  report: Required<CacheListener>["report"],
): Promise<void> {
  const { recipe, trainee, data, device, peers } = training;
  const open = (): Promise<BatchSource> =>
    openPlainTraining(recipe, { data, device, features: frozenFeatures(training, { report }) }, { report });
  const adjustOnce = (): Promise<void> => adjust(trainee.method, recipe, { dataset: data.trainSubset, open });
  await atWork(peers, adjustOnce);
  using averages = trainee.ema?.applied() ?? null;
  if (averages !== null) await atWork(peers, adjustOnce);
}

interface AdjustOptions {
  /** Training images. */
  readonly dataset: Dataset;
  /** Opens batches of every training image once, in order; learned scales alone need them. */
  readonly open: () => BatchSource | Promise<BatchSource>;
  readonly signal?: AbortSignal | undefined;
}

/** Adjusts the classifiers of a trained method as the recipe says. @throws The signal's reason. */
export async function adjust(
  method: Pick<Method, "model">,
  { adjustment, seed }: Pick<ResolvedRecipe, "adjustment" | "seed">,
  { dataset, open, signal }: AdjustOptions,
): Promise<void> {
  if (adjustment.kind !== "learned-scales") {
    adjustClassifiers(method.model, adjustment, classStatistics(dataset).counts);
    return;
  }
  using images = await open();
  await learnScales(method, { images, dataset, adjustment, seed, signal });
}

/**
 * logit-adjustment: b_c ← b_c − τ log π_c. Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, eq. 9.
 * tau-normalization: w_c ← w_c / ‖w_c‖^τ, and the bias likewise. Kang et al., ICLR 2020, section 4.3, who leave the bias out.
 * learned-scales need images: learnScales.
 *
 * @param counts training images of each class.
 */
export function adjustClassifiers(
  model: Module,
  adjustment: Exclude<ResolvedRecipe["adjustment"], { readonly kind: "learned-scales" }>,
  counts: readonly number[],
): void {
  if (adjustment.kind === "none" || !(model instanceof Ensemble)) return;
  using _scope = scope();
  using _noGrad = noGrad();
  const { kind, tau } = adjustment;
  for (const classifier of model.classifiers) {
    if (!(classifier instanceof Linear || classifier instanceof CosineClassifier)) continue;
    const { weight, bias } = classifier;
    const { device } = weight;
    if (kind === "logit-adjustment") {
      bias?.add_(tensor(logitShifts(counts, tau), { device }));
      continue;
    }
    const factors = weight.linalgVectorNorm({ dim: [1] }).pow(-tau);
    weight.mul_(factors.view([-1, 1]));
    bias?.mul_(factors);
  }
}

/** What logit adjustment adds to the logits of each class, −τ log π_c. @param counts training images of each class. */
export function logitShifts(counts: readonly number[], tau: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => -tau * Math.log(count / total));
}

/** Puts an ensemble's classifiers back as they are now when it is disposed of, or before. */
export interface KeptClassifiers extends Disposable {
  restore(): void;
}

/** Remembers an ensemble's classifiers, to adjust them and put them back. */
export function keepClassifiers(model: Module): KeptClassifiers {
  const classifiers = model instanceof Ensemble ? model.classifiers : [];
  const before = classifiers.map(copiedState);
  const restore = (): void => {
    using _scope = scope();
    using _noGrad = noGrad();
    classifiers.forEach((layer, k) => {
      layer.loadStateDict(before[k]!);
    });
  };
  return {
    restore,
    [Symbol.dispose]: () => {
      restore();
      for (const state of before) dispose(...state.values());
    },
  };
}

function copiedState(layer: Module): Map<string, Tensor> {
  using _ = scope();
  return new Map([...layer.stateDict()].map(([name, value]) => [name, keepForever(value.detach().clone())]));
}
