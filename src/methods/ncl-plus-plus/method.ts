import { nclPlusPlus, type NclPlusPlusOptions } from "./loss.js";
import type { Targets } from "../ensemble/cross-entropy.js";
import type { Ensemble } from "../../models/ensemble.js";
import type { Tensor } from "../../torch/tensor.js";
import { BalancedMethod } from "../ensemble/experts-method.js";
import type { TrainingClasses, View } from "../ensemble/method.js";

/**
 * Experts that learn from the labels, from one another, and each from its predictions for several augmentations of an image, all of
 * them changed at random: Tan et al., NCL++ (arXiv 2306.16709).
 */
export class NclPlusPlusMethod extends BalancedMethod {
  override readonly name = "ncl-plus-plus";
  override readonly views: readonly View[];
  readonly #options: NclPlusPlusOptions;

  /** @throws DataError that names a class without training images. */
  constructor(model: Ensemble, training: TrainingClasses, options: NclPlusPlusOptions) {
    super(model, training);
    this.views = Array.from({ length: options.augmentations }, () => "train" as const);
    this.#options = options;
  }

  protected override lossTerms(logits: readonly Tensor[], { labels }: Targets): Record<string, Tensor> {
    return nclPlusPlus(logits, labels, this.logCountsOn(labels), this.#options);
  }
}
