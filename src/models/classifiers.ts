import { fanInUniform } from "../nn/init.js";
import { Layer } from "../nn/module.js";
import { normalize } from "../nn/functional.js";
import { zeros } from "../torch/create.js";
import { linear } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";
import { keep, scope } from "../torch/scope.js";

interface CosineOptions {
  readonly inFeatures: number;
  readonly classes: number;
  readonly scale: number;
  readonly bias: boolean;
  readonly rng: Rng;
}

/**
 * y = s · x̂ Ŵᵀ + b, or without b, with x̂ and the rows of Ŵ of length 1. x [N, D] → [N, C]. NCL's classifier for large
 * data sets. The bias starts at 0.
 */
export class CosineClassifier extends Layer {
  readonly weight: Tensor; // [C, D]
  readonly bias: Tensor | null; // [C]
  readonly #scale: number;

  constructor({ inFeatures, classes, scale, bias, rng }: CosineOptions) {
    super();
    this.weight = this.parameter("weight", fanInUniform([classes, inFeatures], rng));
    this.bias = bias ? this.parameter("bias", zeros([classes])) : null;
    this.#scale = scale;
  }

  override forward(x: Tensor): Tensor {
    const logits = linear(normalize(x, 1), normalize(this.weight, 1)).mul(this.#scale);
    return this.bias ? logits.add(this.bias) : logits;
  }
}

/**
 * y = x̂ Ŵᵀ, with x̂ and the rows of Ŵ of length 1: cosines, without scale or bias, so that logits lie in -1..1.
 * x [N, D] → [N, C]. The reference's FCNorm, after the normalized linear layer of Cao et al., LDAM, NeurIPS 2019. Weights
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
