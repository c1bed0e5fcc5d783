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
import type { Tensor } from "../../torch/tensor.js";
import { BalancedMethod } from "../ensemble/experts-method.js";

/** Cross-entropy of the balanced logits: Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020. */
class BalancedSoftmaxMethod extends BalancedMethod {
  override readonly name = "balanced-softmax";

  protected override lossTerms(logits: readonly Tensor[], targets: Targets): Record<string, Tensor> {
    const balanced = balancedLogits(stackLogits(logits), this.logCountsOn(targets.labels));
    return { crossEntropy: overTargets(targets, (labels) => crossEntropy(balanced, labels)) };
  }
}

/** Balanced softmax: Ren et al., NeurIPS 2020. */
export const balancedSoftmax = defineMethod({
  kind: "balanced-softmax",
  schema: BalancedSoftmaxSchema,
  terms: { crossEntropy: "each expert learns the labels, on all classes" },
  mixedTargets: true,
  logitPrior: "balanced",
  build: (recipe, training) =>
    buildEnsemble(recipe, training.classes.length, (model) => new BalancedSoftmaxMethod(model, training)),
});
