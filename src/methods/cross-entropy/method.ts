import { crossEntropy, overTargets, stackLogits, type Targets } from "../ensemble/cross-entropy.js";
import type { Ensemble } from "../../models/ensemble.js";
import type { Tensor } from "../../torch/tensor.js";
import { ExpertsMethod } from "../ensemble/experts-method.js";

/** Plain cross-entropy on the raw logits: what every other method is compared with. */
export class CrossEntropyMethod extends ExpertsMethod {
  override readonly name = "cross-entropy";
  readonly #labelSmoothing: number;

  constructor(model: Ensemble, { labelSmoothing }: { readonly labelSmoothing: number }) {
    super(model);
    this.#labelSmoothing = labelSmoothing;
  }

  protected override lossTerms(logits: readonly Tensor[], targets: Targets): Record<string, Tensor> {
    const stacked = stackLogits(logits);
    const options = { labelSmoothing: this.#labelSmoothing };
    return { crossEntropy: overTargets(targets, (labels) => crossEntropy(stacked, labels, options)) };
  }
}
