import { buildEnsemble } from "../ensemble/build-ensemble.js";
import { defineMethod } from "../ensemble/define-method.js";
import { BalancedSoftmaxSchema } from "./schema.js";
import {
  balancedLogits,
  crossEntropy,
  overTargets,
  stackLogits,
  type Targets,
} from "../ensemble/cross-entropy.js";
import type { Ensemble } from "../../models/ensemble.js";
import type { Tensor } from "../../torch/tensor.js";
import { BalancedMethod } from "../ensemble/experts-method.js";
import type { TrainingClasses } from "../ensemble/method.js";

/**
 * CE(z + τ log n, y). τ = 1: Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020. Any τ: Menon
 * et al., "Long-tail learning via logit adjustment", ICLR 2021, eq. 10, whose log π differs from log n by a constant alone.
 */
class BalancedSoftmaxMethod extends BalancedMethod {
  override readonly name = "balanced-softmax";
  readonly #tau: number;

  constructor(model: Ensemble, training: TrainingClasses, { tau }: { readonly tau: number }) {
    super(model, training);
    this.#tau = tau;
  }

  protected override lossTerms(logits: readonly Tensor[], targets: Targets): Record<string, Tensor> {
    const balanced = balancedLogits(stackLogits(logits), this.logCountsOn(targets.labels).mul(this.#tau));
    return { crossEntropy: overTargets(targets, (labels) => crossEntropy(balanced, labels)) };
  }
}

/** Balanced softmax: Ren et al., NeurIPS 2020; with `tau`, logit adjustment: Menon et al., ICLR 2021. */
export const balancedSoftmax = defineMethod({
  kind: "balanced-softmax",
  schema: BalancedSoftmaxSchema,
  terms: { crossEntropy: "each expert learns the labels, on all classes" },
  mixedTargets: true,
  logitPrior: ({ method: { tau } }) => ({ tau }),
  build: (recipe, training) =>
    buildEnsemble(
      recipe,
      training.classes.length,
      (model) => new BalancedSoftmaxMethod(model, training, recipe.method),
    ),
});
