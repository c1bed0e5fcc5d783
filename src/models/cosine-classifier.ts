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
  rng: Rng;
}

/** y = s · x̂ Ŵᵀ + b, with x̂ and the rows of Ŵ of length 1. x [N, D] → [N, C]. NCL's classifier for large data sets. */
export class CosineClassifier extends Layer {
  readonly weight: Tensor; // [C, D]
  readonly bias: Tensor; // [C]
  readonly #scale: number;

  constructor({ inFeatures, classes, scale, rng }: CosineOptions) {
    super();
    this.weight = this.parameter("weight", fanInUniform([classes, inFeatures], rng));
    this.bias = this.parameter("bias", zeros([classes]));
    this.#scale = scale;
  }

  override forward(x: Tensor): Tensor {
    return linear(normalize(x, 1), normalize(this.weight, 1)).mul(this.#scale).add(this.bias);
  }
}
