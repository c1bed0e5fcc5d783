import { BatchNorm2d } from "../nn/batch-norm.js";
import { convNormRelu6 } from "../nn/conv-norm.js";
import { Conv2d } from "../nn/conv2d.js";
import { globalAveragePool } from "../nn/functional.js";
import { kaimingNormal } from "../nn/init.js";
import { type ConvNorm, invertedResidual } from "../nn/inverted-residual.js";
import { Layer } from "../nn/module.js";
import type { Rng } from "../torch/random.js";
import { dispose, keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Backbone, type StageRange } from "./ensemble.js";

const STEM_CHANNELS = 32;
const FEATURES = 1280;
/** Batch norm of TensorFlow's networks. */
const NORM = { eps: 1e-3, momentum: 0.01 } as const;

interface Stage {
  readonly kernel: 3 | 5;
  /** Of the stage's first block; the others have 1. */
  readonly stride: 1 | 2;
  /** Channels inside a block, as a multiple of its input's. */
  readonly expand: number;
  readonly channels: number;
  readonly blocks: number;
}

const STAGES: readonly Stage[] = [
  { kernel: 3, stride: 1, expand: 1, channels: 16, blocks: 1 },
  { kernel: 3, stride: 2, expand: 6, channels: 24, blocks: 2 },
  { kernel: 5, stride: 2, expand: 6, channels: 40, blocks: 2 },
  { kernel: 3, stride: 2, expand: 6, channels: 80, blocks: 3 },
  { kernel: 5, stride: 1, expand: 6, channels: 112, blocks: 3 },
  { kernel: 5, stride: 2, expand: 6, channels: 192, blocks: 4 },
  { kernel: 3, stride: 1, expand: 6, channels: 320, blocks: 1 },
];

/** Stages after the stem; the last one's output goes through a 1×1 convolution before it is averaged. */
export const EFFICIENTNET_LITE_STAGES = STAGES.length;

/**
 * EfficientNet-Lite0: a network of inverted residual blocks for phones, 1280 features from 3.4 million weights. Tan and Le,
 * "EfficientNet", ICML 2019, without squeeze-and-excitation and with ReLU6, as its authors published it. Parameters have
 * the names of the PyTorch port that its published weights are from; there is no `_fc`. Paddings are TensorFlow's SAME.
 * Blocks are never dropped in training, unlike there (drop-connect).
 */
export class EfficientNetLite extends Backbone {
  override readonly features: number;
  readonly #blocks: readonly InvertedResidual[];
  readonly #head: ConvNorm | null;

  constructor({ rng, from = 0, to = STAGES.length }: StageRange & { readonly rng: Rng }) {
    super();
    const first = { inChannels: 3, outChannels: STEM_CHANNELS, kernel: 3, stride: 2, rng } as const;
    const stem =
      from > 0
        ? null
        : {
            conv: this.child("_conv_stem", convolution(first)),
            norm: this.child("_bn0", normOf(STEM_CHANNELS)),
          };
    let inChannels = from === 0 ? STEM_CHANNELS : STAGES[from - 1]!.channels;
    let index = STAGES.slice(0, from).reduce((sum, { blocks }) => sum + blocks, 0);
    this.#blocks = STAGES.slice(from, to).flatMap((stage) =>
      Array.from({ length: stage.blocks }, (_block, position) => {
        const stride = position === 0 ? stage.stride : 1;
        const block = new InvertedResidual({ ...stage, inChannels, stride, stem, rng });
        inChannels = stage.channels;
        return this.child(`_blocks.${index++}`, block);
      }),
    );
    const isWhole = to === STAGES.length;
    const head = { inChannels, outChannels: FEATURES, kernel: 1, rng } as const;
    this.#head = isWhole
      ? {
          conv: this.child("_conv_head", convolution(head)),
          norm: this.child("_bn1", normOf(FEATURES)),
        }
      : null;
    this.features = isWhole ? FEATURES : inChannels;
  }

  /**
   * x [N, 3, H, W], or the output of the stages before → [N, 1280], where the last stage works on ⌈H/32⌉ × ⌈W/32⌉;
   * [N, C, H', W'] without the last stage
   */
  override forward(x: Tensor): Tensor {
    using _ = scope();
    let end = x;
    for (const block of this.#blocks) {
      const input = end;
      end = block.forward(input);
      if (input !== x) dispose(input); // the next block's output takes its place in the caches
    }
    if (this.#head === null) return keep(end);
    return keep(globalAveragePool(convNormRelu6(end, this.#head.conv, this.#head.norm)));
  }
}

interface BlockOptions {
  readonly inChannels: number;
  readonly channels: number; // that leave the block
  readonly kernel: 3 | 5;
  readonly stride: 1 | 2;
  readonly expand: number;
  /** The network's first convolution, which a block without a first one of its own takes in. */
  readonly stem: ConvNorm | null;
  readonly rng: Rng;
}

/**
 * More channels (1×1, ReLU6), a convolution of each by itself (ReLU6), fewer channels (1×1), plus x where the shape stays.
 * x [N, Cin, H, W] → [N, C, ⌈H/stride⌉, ⌈W/stride⌉]. Sandler et al., "MobileNetV2", CVPR 2018.
 */
class InvertedResidual extends Layer {
  readonly #expand: ConvNorm | null;
  readonly #depthwise: ConvNorm;
  readonly #project: ConvNorm;
  readonly #keepsShape: boolean;

  constructor({ inChannels, channels, kernel, stride, expand, stem, rng }: BlockOptions) {
    super();
    const inner = inChannels * expand;
    const wide = { inChannels, outChannels: inner, kernel: 1, rng } as const;
    this.#expand =
      expand === 1
        ? stem
        : {
            conv: this.child("_expand_conv", convolution(wide)),
            norm: this.child("_bn0", normOf(inner)),
          };
    const each = { inChannels: inner, outChannels: inner, groups: inner, kernel, stride, rng } as const;
    this.#depthwise = {
      conv: this.child("_depthwise_conv", convolution(each)),
      norm: this.child("_bn1", normOf(inner)),
    };
    const narrow = { inChannels: inner, outChannels: channels, kernel: 1, rng } as const;
    this.#project = {
      conv: this.child("_project_conv", convolution(narrow)),
      norm: this.child("_bn2", normOf(channels)),
    };
    this.#keepsShape = stride === 1 && inChannels === channels;
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const convolutions = {
      expand: this.#expand,
      depthwise: this.#depthwise,
      project: this.#project,
      addsInput: this.#keepsShape,
    };
    return keep(invertedResidual(x, convolutions));
  }
}

function normOf(channels: number): BatchNorm2d {
  return new BatchNorm2d({ channels, ...NORM });
}

function convolution(options: {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride?: 1 | 2;
  readonly groups?: number;
  readonly rng: Rng;
}): Conv2d {
  return new Conv2d({ padding: "same", init: kaimingNormal, ...options });
}
