import { Layer } from "../nn/module.js";
import { Linear } from "../nn/linear.js";
import type { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";

/** Features [N, D] → W₂ relu(W₀ x + b₀) + b₂ [N, E]: the head that contrastive learning compares images by. */
export class Projection extends Layer {
  readonly #hidden: Linear;
  readonly #out: Linear;

  constructor({ features, dimension, rng }: { features: number; dimension: number; rng: Rng }) {
    super();
    this.#hidden = this.child("0", new Linear({ inFeatures: features, outFeatures: features, rng }));
    this.#out = this.child("2", new Linear({ inFeatures: features, outFeatures: dimension, rng }));
  }

  override forward(x: Tensor): Tensor {
    return this.#out.forward(this.#hidden.forward(x).relu());
  }
}
