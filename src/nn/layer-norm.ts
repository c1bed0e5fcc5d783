import { ones, zeros } from "../torch/create.js";
import { layerNorm } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import { Layer } from "./module.js";

interface LayerNormOptions {
  readonly features: number;
  readonly eps: number;
}

/** y = γ · (x − μ) / √(σ² + ε) + β over the last axis, [*, features]. Ba et al., "Layer normalization", 2016. */
export class LayerNorm extends Layer {
  readonly weight: Tensor; // γ [features]
  readonly bias: Tensor; // β [features]
  readonly #eps: number;

  constructor({ features, eps }: LayerNormOptions) {
    super();
    this.weight = this.parameter("weight", ones([features]));
    this.bias = this.parameter("bias", zeros([features]));
    this.#eps = eps;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, [this.weight.size], { weight: this.weight, bias: this.bias, eps: this.#eps });
  }
}

/** A layer norm over the channels of each pixel: x [N, C, H, W] → the same shape, in channels_last. */
export class ChannelNorm extends LayerNorm {
  override forward(x: Tensor): Tensor {
    return super.forward(x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2]);
  }
}
