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
export class BalancedSoftmaxMethod extends BalancedMethod {
  override readonly name = "balanced-softmax";

  protected override lossTerms(logits: readonly Tensor[], targets: Targets): Record<string, Tensor> {
    const balanced = balancedLogits(stackLogits(logits), this.logCountsOn(targets.labels));
    return { crossEntropy: overTargets(targets, (labels) => crossEntropy(balanced, labels)) };
  }
}
