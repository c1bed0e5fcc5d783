import type { Ensemble } from "../../models/ensemble.js";
import { tensor, zeros } from "../../torch/create.js";
import type { Tensor } from "../../torch/tensor.js";
import { ClassValues } from "../ensemble/class-values.js";
import {
  assertEveryClassHasImages,
  overTargets,
  stackLogits,
  type Targets,
} from "../ensemble/cross-entropy.js";
import { ExpertsMethod } from "../ensemble/experts-method.js";
import type { StepContext, TrainingClasses } from "../ensemble/method.js";
import { minOf } from "../../support/math.js";

export interface LdamMethodOptions {
  readonly maxMargin: number;
  readonly scale: number;
  readonly beta: number;
  /** Epoch, from 0, from which the class-balanced weights apply; null: never. */
  readonly weightedFrom: number | null;
}

/**
 * Label-distribution-aware margins, with class-balanced weights late in the training (DRW): Cao et al., NeurIPS 2019. The
 * model's classifier gives cosines; logits are these times the scale.
 */
export class LdamMethod extends ExpertsMethod {
  override readonly name = "ldam";
  readonly #options: LdamMethodOptions;
  readonly #margins: ClassValues;
  readonly #weights: ClassValues;

  /** @throws DataError that names a class without training images. */
  constructor(model: Ensemble, { counts, classes }: TrainingClasses, options: LdamMethodOptions) {
    assertEveryClassHasImages(counts, classes, "margins grow as classes shrink");
    super(model);
    this.#options = options;
    this.#margins = new ClassValues(tensor(labelMargins(counts, options.maxMargin)));
    this.#weights = new ClassValues(tensor(classBalancedWeights(counts, options.beta)));
  }

  onEpochStart(epoch: number): boolean {
    return epoch === this.#options.weightedFrom;
  }

  protected override logits(images: Tensor): Tensor[] {
    return this.model.forward(images).map((cosines) => cosines.mul(this.#options.scale));
  }

  protected override lossTerms(
    logits: readonly Tensor[],
    targets: Targets,
    { epoch }: StepContext,
  ): Record<string, Tensor> {
    const { scale, weightedFrom } = this.#options;
    const { labels } = targets;
    const cosines = stackLogits(logits).div(scale);
    const margins = this.#margins.on(labels.device);
    const isWeighted = weightedFrom !== null && epoch >= weightedFrom;
    const classWeights = isWeighted ? this.#weights.on(labels.device) : null;
    const loss = (of: Tensor): Tensor => ldamLoss(cosines, of, { margins, scale, classWeights });
    return { margin: overTargets(targets, loss) };
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#margins[Symbol.dispose]();
    this.#weights[Symbol.dispose]();
  }
}

/** m_c = M · (n_min / n_c)^(1/4): proportional to n_c^(-1/4), M for the smallest class. Cao et al., NeurIPS 2019, eq. 13. */
export function labelMargins(counts: readonly number[], maxMargin: number): number[] {
  const smallest = minOf(counts);
  return counts.map((count) => maxMargin * (smallest / count) ** 0.25);
}

/**
 * w_c = (1 − β) / (1 − β^n_c), scaled so that they add up to the number of classes. Cui et al., "Class-balanced loss based
 * on effective number of samples", CVPR 2019. β = 0 weighs all classes alike.
 */
export function classBalancedWeights(counts: readonly number[], beta: number): number[] {
  const weights = counts.map((count) => (1 - beta) / (1 - beta ** count));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (weight * counts.length) / sum);
}

interface LdamOptions {
  /** m [C]: what the cosine of an image's own class is lowered by. */
  readonly margins: Tensor;
  /** s. */
  readonly scale: number;
  /** w [C]; null: all classes count alike. */
  readonly classWeights: Tensor | null;
}

/**
 * Σ_k Σ_i w_{y_i} · CE(s (cos_k,i − m_{y_i} 1[y_i]), y_i) / Σ_i w_{y_i}: cross-entropy with label-dependent margins, so that
 * the boundary leaves more room to small classes. cosines [K, N, C] of each expert, labels y int64 [N].
 * Cao et al., "Learning imbalanced datasets with label-distribution-aware margin loss", NeurIPS 2019. The weighted mean is
 * over a batch, as in the authors' code; a batch in micro-batches has one of each.
 */
export function ldamLoss(
  cosines: Tensor,
  labels: Tensor,
  { margins, scale, classWeights }: LdamOptions,
): Tensor {
  const [experts] = cosines.shape as [number, number, number];
  const targets = labels.repeat([experts]);
  const rows = cosines.flatten({ startDim: 0, endDim: 1 }); // [K·N, C]
  const own = targets.view([-1, 1]);
  const ofOwnClass = zeros(rows.shape, { device: rows.device, dtype: rows.dtype }).scatter(1, own, 1); // [K·N, C]
  return rows
    .sub(ofOwnClass.mul(margins))
    .mul(scale)
    .crossEntropyLoss(targets, { weight: classWeights })
    .mul(experts);
}
