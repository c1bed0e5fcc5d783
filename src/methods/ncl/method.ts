import { ncl, type NclOptions } from "./loss.js";
import type { Targets } from "../ensemble/cross-entropy.js";
import type { Ensemble } from "../../models/ensemble.js";
import type { Tensor } from "../../torch/tensor.js";
import type { TrainingClasses } from "../ensemble/method.js";
import { BalancedMethod } from "../ensemble/experts-method.js";

/**
 * Experts that learn from the labels and from one another, on all classes and on each image's hardest ones:
 * Li et al., "Nested collaborative learning for long-tailed visual recognition", CVPR 2022.
 */
export class NclMethod extends BalancedMethod {
  override readonly name = "ncl";
  readonly #options: NclOptions;

  /** @throws DataError that names a class without training images. */
  constructor(model: Ensemble, training: TrainingClasses, options: NclOptions) {
    super(model, training);
    this.#options = options;
  }

  protected override lossTerms(logits: readonly Tensor[], { labels }: Targets): Record<string, Tensor> {
    return ncl(logits, labels, this.logCountsOn(labels), this.#options);
  }
}
