import { linear, scaledDotProductAttention } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { zeroInit } from "./init.js";
import { LayerNorm } from "./layer-norm.js";
import { Linear } from "./linear.js";
import { Layer } from "./module.js";
import { type Gelu, Mlp, transformerInit } from "./transformer-block.js";

interface AttentionPoolingOptions {
  readonly width: number;
  readonly heads: number;
  readonly activation: Gelu;
  /** Of the layer norm. */
  readonly eps: number;
  readonly rng: Rng;
}

/**
 * p + mlp(norm(p)) with p = W · attention(latent, tokens): what one learned query finds among tokens [N, T, D] → [N, D]. Zhai et
 * al., "Scaling vision transformers", CVPR 2022; SigLIP's pooling. Parameters have timm's names, but for the projections of
 * the query, the keys and the values, which are in one tensor in this order.
 */
export class AttentionPooling extends Layer {
  readonly latent: Tensor; // [1, 1, D]
  readonly qkv: Linear;
  readonly projection: Linear;
  readonly norm: LayerNorm;
  readonly mlp: Mlp;
  readonly #heads: number;

  constructor({ width, heads, activation, eps, rng }: AttentionPoolingOptions) {
    super();
    const options = { inFeatures: width, init: transformerInit, biasInit: zeroInit, rng };
    this.latent = this.parameter("latent", rng.normal([1, 1, width], { std: width ** -0.5 }));
    this.qkv = this.child("qkv", new Linear({ ...options, outFeatures: 3 * width }));
    this.projection = this.child("proj", new Linear({ ...options, outFeatures: width }));
    this.norm = this.child("norm", new LayerNorm({ features: width, eps }));
    this.mlp = this.child("mlp", new Mlp({ width, activation, rng }));
    this.#heads = heads;
  }

  override forward(tokens: Tensor): Tensor {
    using _ = scope();
    const [images, , width] = tokens.shape as [number, number, number];
    const [query, key, value] = [this.latent, tokens, tokens].map((from, third) =>
      this.#projected(from, third),
    ) as [Tensor, Tensor, Tensor];
    const mixed = scaledDotProductAttention(query.expand([images, -1, -1, -1]), key, value)
      .transpose(1, 2)
      .reshape([images, width]);
    const pooled = this.projection.forward(mixed);
    return keep(pooled.add(this.mlp.forward(this.norm.forward(pooled))));
  }

  /** Tokens [N, T, D] by a third of the projections, of every head → [N, heads, T, D / heads] */
  #projected(tokens: Tensor, third: number): Tensor {
    const [images, count, width] = tokens.shape as [number, number, number];
    const of = (all: Tensor): Tensor => all.narrow(0, third * width, width);
    return linear(tokens, of(this.qkv.weight), { bias: of(this.qkv.bias!) })
      .reshape([images, count, this.#heads, width / this.#heads])
      .transpose(1, 2);
  }
}
