import { balancedLogits } from "../losses/balanced-logits.js";
import { crossEntropy } from "../losses/cross-entropy.js";
import { stackLogits } from "../losses/logits.js";
import { overTargets, type Targets } from "../losses/targets.js";
import type { Tensor } from "../torch/tensor.js";
import { BalancedMethod } from "./balanced-method.js";

/** Cross-entropy of the balanced logits: Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020. */
export class BalancedSoftmaxMethod extends BalancedMethod {
  override readonly name = "balanced-softmax";

  protected override lossParts(logits: readonly Tensor[], targets: Targets): Record<string, Tensor> {
    const balanced = balancedLogits(stackLogits(logits), this.logCountsOn(targets.labels));
    return { crossEntropy: overTargets(targets, (labels) => crossEntropy(balanced, labels)) };
  }
}
