import { zeros } from "../torch/create.js";
import { foreachAdd_, fusedAdam_, fusedAdamw_ } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import { Optimizer, type OptimizerOptions, type Update } from "./optimizer.js";

export interface AdamOptions extends OptimizerOptions {
  beta1?: number;
  beta2?: number;
  eps?: number;
  weightDecay?: number;
  decoupled?: boolean; // AdamW: weights decay by themselves; otherwise the decay is part of the gradient
}

const [MEAN, SQUARE, STEP] = ["exp_avg", "exp_avg_sq", "step"] as const;

/**
 * Adam as PyTorch computes it, for every parameter θ with gradient g in its step t:
 *   Adam: g ← g + λθ;  AdamW: θ ← θ − ηλθ;
 *   m = β₁m + (1 − β₁)g;  v = β₂v + (1 − β₂)g²;  θ ← θ − η · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε).
 * Adam: a method for stochastic optimization, ICLR 2015; AdamW: Loshchilov and Hutter, ICLR 2019. The update is libtorch's fused one.
 */
export class Adam extends Optimizer {
  readonly #options: Required<Omit<AdamOptions, keyof OptimizerOptions>>;

  constructor(parameters: readonly Tensor[], options: AdamOptions) {
    super(parameters, options, [MEAN, SQUARE, STEP]);
    const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, decoupled = false } = options;
    this.#options = { beta1, beta2, eps, weightDecay, decoupled };
  }

  protected override update({ parameters, gradients, lr, foundInf }: Update): void {
    const { beta1, beta2, eps, weightDecay, decoupled } = this.#options;
    const [means, squares, steps] = [MEAN, SQUARE, STEP].map((slot) =>
      parameters.map((parameter) => this.slotOf(slot, parameter)),
    ) as [Tensor[], Tensor[], Tensor[]];
    foreachAdd_(steps, 1);
    const fused = decoupled ? fusedAdamw_ : fusedAdam_;
    const state = [means, squares, [], steps] as const;
    fused(parameters, gradients, ...state, lr, beta1, beta2, weightDecay, eps, false, false, { foundInf });
    if (foundInf !== null)
      foreachAdd_(
        steps,
        steps.map(() => foundInf),
        { alpha: -1 },
      );
  }

  protected override initial(slot: string, parameter: Tensor): Tensor {
    return slot === STEP ? zeros([], { device: parameter.device }) : parameter.detach().clone().zero_();
  }
}
