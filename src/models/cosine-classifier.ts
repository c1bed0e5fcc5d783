import { fanInUniform } from "../nn/init.js";
import { Layer } from "../nn/module.js";
import { normalize } from "../nn/normalize.js";
import { zeros } from "../torch/create.js";
import { linear } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";

interface CosineOptions {
  inFeatures: number;
  classes: number;
  scale: number;
  bias: boolean;
  rng: Rng;
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
