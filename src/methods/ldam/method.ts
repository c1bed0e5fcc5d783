import type { Ensemble } from "../../models/ensemble.js";
import { tensor } from "../../torch/create.js";
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
import { classBalancedWeights, labelMargins, ldamLoss } from "./loss.js";

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
