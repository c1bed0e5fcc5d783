import { Conv2d } from "../nn/conv2d.js";
import { globalAveragePool } from "../nn/functional.js";
import { zeroInit } from "../nn/init.js";
import { ChannelNorm, LayerNorm } from "../nn/layer-norm.js";
import { Layer } from "../nn/module.js";
import { Mlp, transformerInit } from "../nn/transformer-block.js";
import { full } from "../torch/create.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { type Adapted, Backbone, type StageRange } from "./ensemble.js";

const EPS = 1e-6;
const LAYER_SCALE = 1e-6;

/** How a ConvNeXt is made. */
export interface ConvNextArchitecture {
  /** Blocks of each stage. */
  readonly blocks: readonly [number, number, number, number];
  /** Channels of each stage. */
  readonly channels: readonly [number, number, number, number];
}

/**
 * ConvNeXt: depthwise 7×7 convolutions and layer norms in four stages. Liu et al., "A ConvNet for the 2020s", CVPR 2022.
 * Its features are the mean over the pixels after a layer norm. Parameters have timm's names, but for the last norm's,
 * `norm`; there is no `head`. Blocks are never dropped in training, unlike there (stochastic depth).
 */
export class ConvNext extends Backbone {
  override readonly features: number;
  readonly #stem: { readonly conv: Conv2d; readonly norm: ChannelNorm } | null;
  readonly #stages: readonly Stage[];
  readonly #norm: LayerNorm | null;

  constructor({
    blocks,
    channels,
    adapter,
    rng,
    from = 0,
    to = blocks.length,
  }: ConvNextArchitecture & StageRange & Adapted) {
    super();
    const [first] = channels;
    this.#stem =
      from > 0
        ? null
        : {
            conv: this.child("stem.0", convolution({ inChannels: 3, outChannels: first, kernel: 4, rng })),
            norm: this.child("stem.1", new ChannelNorm({ features: first, eps: EPS })),
          };
    this.#stages = channels.slice(from, to).map((width, place) => {
      const index = from + place;
      const before = index === 0 ? null : channels[index - 1]!;
      return this.child(
        `stages.${index}`,
        new Stage({ before, width, blocks: blocks[index]!, adapter, rng }),
      );
    });
    this.features = channels[to - 1]!;
    const isWhole = to === blocks.length;
    this.#norm = isWhole ? this.child("norm", new LayerNorm({ features: this.features, eps: EPS })) : null;
  }

  /**
   * x [N, 3, H, W], or the output of the stages before → [N, features], where the last stage works on ⌊H/32⌋ × ⌊W/32⌋;
   * [N, C, H', W'] without the last stage
   */
  override forward(x: Tensor): Tensor {
    using _ = scope();
    const start = this.#stem === null ? x : this.#stem.norm.forward(this.#stem.conv.forward(x));
    const end = this.#stages.reduce((value, stage) => stage.forward(value), start);
    return keep(this.#norm === null ? end : this.#norm.forward(globalAveragePool(end)));
  }
}

interface StageOptions extends Adapted {
  /** Channels of the stage before; null for the first stage, which keeps its input's shape. */
  readonly before: number | null;
  readonly width: number;
  readonly blocks: number;
}

/** A norm and a convolution that halve the resolution, but in the first stage, then blocks. */
class Stage extends Layer {
  readonly #layers: readonly Layer[];

  constructor({ before, width, blocks, adapter, rng }: StageOptions) {
    super();
    const downsample =
      before === null
        ? []
        : [
            this.child("downsample.0", new ChannelNorm({ features: before, eps: EPS })),
            this.child(
              "downsample.1",
              convolution({ inChannels: before, outChannels: width, kernel: 2, rng }),
            ),
          ];
    const all = Array.from({ length: blocks }, (_block, index) =>
      this.child(`blocks.${index}`, new Block(width, { adapter, rng })),
    );
    this.#layers = [...downsample, ...all];
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    return keep(this.#layers.reduce((value, layer) => layer.forward(value), x));
  }
}

/** x + γ · mlp(norm(depthwise 7×7 (x))), the norm and the MLP over the channels. x [N, C, H, W] → the same shape. */
class Block extends Layer {
  readonly #depthwise: Conv2d;
  readonly #norm: LayerNorm;
  readonly #mlp: Mlp;
  readonly #gamma: Tensor; // [C]

  constructor(width: number, { adapter, rng }: Adapted) {
    super();
    this.#gamma = this.parameter("gamma", full([width], LAYER_SCALE));
    this.#depthwise = this.child(
      "conv_dw",
      new Conv2d({
        inChannels: width,
        outChannels: width,
        groups: width,
        kernel: 7,
        padding: 3,
        init: transformerInit,
        biasInit: zeroInit,
        rng,
      }),
    );
    this.#norm = this.child("norm", new LayerNorm({ features: width, eps: EPS }));
    this.#mlp = this.child("mlp", new Mlp({ width, activation: "gelu", adapter, rng }));
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const pixels = this.#depthwise.forward(x).permute([0, 2, 3, 1]);
    const changed = this.#mlp.forward(this.#norm.forward(pixels)).mul(this.#gamma);
    return keep(x.add(changed.permute([0, 3, 1, 2])));
  }
}

/** Non-overlapping patches: the stride is the kernel's side. */
function convolution(options: {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly rng: Rng;
}): Conv2d {
  return new Conv2d({ ...options, stride: options.kernel, init: transformerInit, biasInit: zeroInit });
}
