/** Blocks of vision transformers: Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021. */
import { full } from "../torch/create.js";
import { scaledDotProductAttention } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { AdaptFormer, type AdapterOptions, LoraLinear, type LoraTarget } from "./adapters.js";
import { type Initializer, zeroInit } from "./init.js";
import { LayerNorm } from "./layer-norm.js";
import { Linear } from "./linear.js";
import { Layer } from "./module.js";

/**
 * x · Φ(x); its approximation by tanh, which SigLIP was trained with; or x · σ(1.702 x), which CLIP's networks by OpenAI were
 * trained with.
 */
export type Gelu = "gelu" | "gelu-tanh" | "quick-gelu";

export interface TransformerBlockOptions {
  readonly width: number;
  readonly heads: number;
  readonly activation: Gelu;
  /** Of the layer norms. */
  readonly eps: number;
  /** Start value of LayerScale; null: none. */
  readonly layerScale: number | null;
  /** Whether a token sees only itself and those before it, as in text. */
  readonly isCausal?: boolean;
  /** What trains in place of the block's own weights; none unless given. */
  readonly adapter?: AdapterOptions | null | undefined;
  readonly rng: Rng;
}

/**
 * x + γ₁ · attention(norm1(x)), then x + γ₂ · mlp(norm2(x)); γ is 1 without LayerScale (Touvron et al., ICCV 2021). An
 * AdaptFormer's output is added to the latter. Tokens x [N, T, D] → [N, T, D]. Parameters have timm's names.
 */
export class TransformerBlock extends Layer {
  readonly norm1: LayerNorm;
  readonly attention: Attention;
  readonly scale1: LayerScale | null;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly scale2: LayerScale | null;
  readonly adapter: AdaptFormer | null;

  constructor(options: TransformerBlockOptions) {
    super();
    const { width, eps, layerScale, adapter, rng } = options;
    this.norm1 = this.child("norm1", new LayerNorm({ features: width, eps }));
    this.attention = this.child("attn", new Attention(options));
    this.scale1 = layerScale === null ? null : this.child("ls1", new LayerScale(width, layerScale));
    this.norm2 = this.child("norm2", new LayerNorm({ features: width, eps }));
    this.mlp = this.child("mlp", new Mlp(options));
    this.scale2 = layerScale === null ? null : this.child("ls2", new LayerScale(width, layerScale));
    this.adapter =
      adapter?.kind === "adaptformer"
        ? this.child("adapter", new AdaptFormer({ ...adapter, width, rng }))
        : null;
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const attended = this.attention.forward(this.norm1.forward(x));
    const middle = x.add(this.scale1?.forward(attended) ?? attended);
    const changed = this.mlp.forward(this.norm2.forward(middle));
    const after = middle.add(this.scale2?.forward(changed) ?? changed);
    return keep(this.adapter === null ? after : after.add(this.adapter.forward(middle)));
  }
}

type AttentionOptions = Pick<TransformerBlockOptions, "width" | "heads" | "isCausal" | "adapter" | "rng">;

/** Multi-head self-attention: x [N, T, D] → [N, T, D]. Vaswani et al., "Attention is all you need", NeurIPS 2017. */
class Attention extends Layer {
  /** Queries, keys and values of all heads, in this order. */
  readonly qkv: Linear;
  readonly projection: Linear;
  readonly #heads: number;
  readonly #isCausal: boolean;

  constructor({ width, heads, isCausal = false, adapter, rng }: AttentionOptions) {
    super();
    if (width % heads !== 0)
      throw new RangeError(`Attention: expected a width that ${heads} heads divide, found ${width}`);
    const [ofQkv, ofProjection] = [["q", "k", "v"] as const, ["proj"] as const];
    this.qkv = this.child("qkv", linear([width, 3 * width], { adapter, outputs: ofQkv, rng }));
    this.projection = this.child("proj", linear([width, width], { adapter, outputs: ofProjection, rng }));
    this.#heads = heads;
    this.#isCausal = isCausal;
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const [images, tokens, width] = x.shape as [number, number, number];
    const parts = this.qkv
      .forward(x)
      .reshape([images, tokens, 3, this.#heads, width / this.#heads])
      .permute([2, 0, 3, 1, 4]); // [3, N, heads, T, D / heads]
    const [query, key, value] = [0, 1, 2].map((part) => parts.select(0, part)) as [Tensor, Tensor, Tensor];
    const mixed = scaledDotProductAttention(query, key, value, { isCausal: this.#isCausal });
    return keep(this.projection.forward(mixed.transpose(1, 2).reshape([images, tokens, width])));
  }
}

/** W₂ gelu(W₁ x + b₁) + b₂ with four times as many values inside: x [N, T, D] → [N, T, D]. */
export class Mlp extends Layer {
  readonly inner: Linear;
  readonly outer: Linear;
  readonly #activation: Gelu;

  constructor({
    width,
    activation,
    adapter,
    rng,
  }: Pick<TransformerBlockOptions, "width" | "activation" | "adapter" | "rng">) {
    super();
    this.inner = this.child("fc1", linear([width, 4 * width], { adapter, outputs: ["fc1"], rng }));
    this.outer = this.child("fc2", linear([4 * width, width], { adapter, outputs: ["fc2"], rng }));
    this.#activation = activation;
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const inner = this.inner.forward(x);
    return keep(this.outer.forward(activated(inner, this.#activation)));
  }
}

function activated(x: Tensor, activation: Gelu): Tensor {
  switch (activation) {
    case "gelu":
      return x.gelu();
    case "gelu-tanh":
      return x.gelu({ approximate: "tanh" });
    case "quick-gelu":
      return x.mul(x.mul(1.702).sigmoid());
    default:
      return activation satisfies never;
  }
}

/** γ · x, a factor for each feature. */
class LayerScale extends Layer {
  readonly gamma: Tensor; // [D]

  constructor(width: number, start: number) {
    super();
    this.gamma = this.parameter("gamma", full([width], start));
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.gamma);
  }
}

/** Normal with a standard deviation of 0.02, which transformers start from. */
export const transformerInit: Initializer = (shape, rng) => rng.normal(shape, { std: 0.02 });

interface BlockLinearOptions extends Pick<TransformerBlockOptions, "adapter" | "rng"> {
  /** What its outputs are, in equal parts. */
  readonly outputs: readonly LoraTarget[];
}

/** Its bias starts at 0. */
function linear(
  [inFeatures, outFeatures]: readonly [number, number],
  { adapter, outputs, rng }: BlockLinearOptions,
): Linear {
  const options = { inFeatures, outFeatures, init: transformerInit, biasInit: zeroInit, rng };
  return adapter?.kind === "lora" && outputs.some((output) => adapter.targets.includes(output))
    ? new LoraLinear({ ...options, lora: adapter, outputs })
    : new Linear(options);
}
