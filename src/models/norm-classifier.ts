import { Layer } from "../nn/module.js";
import { normalize } from "../nn/normalize.js";
import { linear } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

/**
 * y = x̂ Ŵᵀ, with x̂ and the rows of Ŵ of length 1: cosines, without scale or bias, so that logits lie in -1..1.
 * x [N, D] → [N, C]. The reference's FCNorm, after the normalised linear layer of Cao et al., LDAM, NeurIPS 2019. Weights
 * start uniform in ±1 with columns of length 1.
 */
export class NormClassifier extends Layer {
  readonly weight: Tensor; // [C, D]

  constructor({ inFeatures, classes, rng }: { inFeatures: number; classes: number; rng: Rng }) {
    super();
    using _ = scope();
    const start = rng.uniform([classes, inFeatures], { low: -1, high: 1 });
    this.weight = this.parameter("weight", keep(normalize(start, 0)));
  }

  override forward(x: Tensor): Tensor {
    return linear(normalize(x, 1), normalize(this.weight, 1));
  }
}
