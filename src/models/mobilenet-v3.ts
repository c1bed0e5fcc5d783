import { BatchNorm2d } from "../nn/batch-norm.js";
import { convNorm, convNormRelu } from "../nn/conv-norm.js";
import { Conv2d } from "../nn/conv2d.js";
import { globalAveragePool } from "../nn/functional.js";
import { kaimingNormal, zeroInit } from "../nn/init.js";
import { Linear } from "../nn/linear.js";
import { Layer } from "../nn/module.js";
import { transformerInit } from "../nn/transformer-block.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Backbone, type StageRange } from "./ensemble.js";

const STEM_CHANNELS = 16;
const NORM = { eps: 1e-3, momentum: 0.01 } as const;

type Activation = "relu" | "hardswish";

interface BlockShape {
  readonly kernel: 3 | 5;
  /** Channels inside. */
  readonly inner: number;
  /** Channels that leave the block. */
  readonly channels: number;
  /** Whether channels are weighted by what the whole image has of them. */
  readonly squeezes: boolean;
  readonly activation: Activation;
  /** A stage begins with each stride of 2. */
  readonly stride: 1 | 2;
}

/** How a MobileNetV3 is made. */
export interface MobileNetV3Architecture {
  readonly blocks: readonly BlockShape[];
  readonly features: number;
}

type Row = readonly [3 | 5, number, number, boolean, Activation, 1 | 2];

/** Howard et al., table 1 (large) and table 2 (small). */
export const MOBILENET_V3 = {
  large: architecture(1280, [
    [3, 16, 16, false, "relu", 1],
    [3, 64, 24, false, "relu", 2],
    [3, 72, 24, false, "relu", 1],
    [5, 72, 40, true, "relu", 2],
    [5, 120, 40, true, "relu", 1],
    [5, 120, 40, true, "relu", 1],
    [3, 240, 80, false, "hardswish", 2],
    [3, 200, 80, false, "hardswish", 1],
    [3, 184, 80, false, "hardswish", 1],
    [3, 184, 80, false, "hardswish", 1],
    [3, 480, 112, true, "hardswish", 1],
    [3, 672, 112, true, "hardswish", 1],
    [5, 672, 160, true, "hardswish", 2],
    [5, 960, 160, true, "hardswish", 1],
    [5, 960, 160, true, "hardswish", 1],
  ]),
  small: architecture(1024, [
    [3, 16, 16, true, "relu", 2],
    [3, 72, 24, false, "relu", 2],
    [3, 88, 24, false, "relu", 1],
    [5, 96, 40, true, "hardswish", 2],
    [5, 240, 40, true, "hardswish", 1],
    [5, 240, 40, true, "hardswish", 1],
    [5, 120, 48, true, "hardswish", 1],
    [5, 144, 48, true, "hardswish", 1],
    [5, 288, 96, true, "hardswish", 2],
    [5, 576, 96, true, "hardswish", 1],
    [5, 576, 96, true, "hardswish", 1],
  ]),
} as const;

function architecture(features: number, rows: readonly Row[]): MobileNetV3Architecture {
  const blocks = rows.map(([kernel, inner, channels, squeezes, activation, stride]) => ({
    kernel,
    inner,
    channels,
    squeezes,
    activation,
    stride,
  }));
  return { blocks, features };
}

/** Blocks of each stage after the stem: the first ones, then a stage for each stride of 2. */
function stagesOf({ blocks }: MobileNetV3Architecture): readonly (readonly BlockShape[])[] {
  const starts = blocks.flatMap(({ stride }, index) => (index === 0 || stride === 2 ? [index] : []));
  return starts.map((start, stage) => blocks.slice(start, starts[stage + 1]));
}

/** Stages after the stem. */
export function countMobileNetV3Stages(architecture: MobileNetV3Architecture): number {
  return stagesOf(architecture).length;
}

/**
 * MobileNetV3: inverted residual blocks with squeeze-and-excitation. Howard et al., "Searching for MobileNetV3", ICCV 2019.
 * Its features are those before the last linear layer: 1280 (large) or 1024 (small). Parameters have torchvision's names,
 * but for the first of the two linear layers, `pre_logits` (`classifier.0`); there is no `classifier.3`.
 */
export class MobileNetV3 extends Backbone {
  override readonly features: number;
  readonly #stem: ConvNorm | null;
  readonly #blocks: readonly InvertedResidual[];
  readonly #head: { readonly last: ConvNorm; readonly linear: Linear } | null;

  constructor({
    rng,
    from = 0,
    to,
    ...architecture
  }: MobileNetV3Architecture & StageRange & { readonly rng: Rng }) {
    super();
    const stages = stagesOf(architecture);
    const before = stages.slice(0, from).flat();
    let inChannels = before.at(-1)?.channels ?? STEM_CHANNELS;
    const stem = { inChannels: 3, outChannels: STEM_CHANNELS, kernel: 3, stride: 2, rng };
    this.#stem = from > 0 ? null : this.child("features.0", new ConvNorm(stem));
    this.#blocks = stages
      .slice(from, to)
      .flat()
      .map((shape, place) => {
        const block = new InvertedResidual({ ...shape, inChannels, rng });
        inChannels = shape.channels;
        return this.child(`features.${1 + before.length + place}`, block);
      });
    const isWhole = to === undefined || to === stages.length;
    const { features } = architecture;
    this.#head = isWhole
      ? this.#newHead({ inChannels, features, blocks: architecture.blocks.length, rng })
      : null;
    this.features = isWhole ? features : inChannels;
  }

  #newHead({ inChannels, features, blocks, rng }: HeadOptions): { last: ConvNorm; linear: Linear } {
    const channels = 6 * inChannels;
    const last = new ConvNorm({ inChannels, outChannels: channels, kernel: 1, rng });
    const options = {
      inFeatures: channels,
      outFeatures: features,
      init: transformerInit,
      biasInit: zeroInit,
    };
    return {
      last: this.child(`features.${1 + blocks}`, last),
      linear: this.child("pre_logits", new Linear({ ...options, rng })),
    };
  }

  /**
   * x [N, 3, H, W], or the output of the stages before → [N, features], where the last stage works on ⌈H/32⌉ × ⌈W/32⌉;
   * [N, C, H', W'] without the last stage
   */
  override forward(x: Tensor): Tensor {
    using _ = scope();
    const start = this.#stem === null ? x : this.#stem.forward(x).hardswish();
    const end = this.#blocks.reduce((value, block) => block.forward(value), start);
    if (this.#head === null) return keep(end);
    const pooled = globalAveragePool(this.#head.last.forward(end).hardswish());
    return keep(this.#head.linear.forward(pooled).hardswish());
  }
}

interface HeadOptions {
  readonly inChannels: number;
  readonly features: number;
  readonly blocks: number;
  readonly rng: Rng;
}

interface ConvNormOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly rng: Rng;
}

/** A convolution and its batch norm, named "0" and "1". */
class ConvNorm extends Layer {
  readonly #conv: Conv2d;
  readonly #norm: BatchNorm2d;

  constructor({ kernel, ...options }: ConvNormOptions) {
    super();
    const padding = (kernel - 1) / 2;
    this.#conv = this.child("0", new Conv2d({ ...options, kernel, padding, init: kaimingNormal }));
    this.#norm = this.child("1", new BatchNorm2d({ channels: options.outChannels, ...NORM }));
  }

  override forward(x: Tensor, shortcut: Tensor | null = null): Tensor {
    return convNorm(x, this.#conv, this.#norm, shortcut);
  }

  activated(x: Tensor, activation: Activation): Tensor {
    return activation === "relu" ? convNormRelu(x, this.#conv, this.#norm) : this.forward(x).hardswish();
  }
}

/**
 * More channels (1×1), a convolution of each by itself, their weights by squeeze-and-excitation, fewer channels (1×1), plus
 * x where the shape stays. x [N, Cin, H, W] → [N, C, ⌈H/stride⌉, ⌈W/stride⌉].
 */
class InvertedResidual extends Layer {
  readonly #expand: ConvNorm | null;
  readonly #depthwise: ConvNorm;
  readonly #squeeze: SqueezeExcitation | null;
  readonly #project: ConvNorm;
  readonly #activation: Activation;
  readonly #keepsShape: boolean;

  constructor(options: BlockShape & { readonly inChannels: number; readonly rng: Rng }) {
    super();
    const { inChannels, inner, channels, kernel, stride, squeezes, activation, rng } = options;
    let index = 0;
    const next = <T extends Layer>(layer: T): T => this.child(`block.${index++}`, layer);
    this.#expand =
      inner === inChannels ? null : next(new ConvNorm({ inChannels, outChannels: inner, kernel: 1, rng }));
    const each = { inChannels: inner, outChannels: inner, groups: inner, kernel, stride, rng };
    this.#depthwise = next(new ConvNorm(each));
    this.#squeeze = squeezes ? next(new SqueezeExcitation(inner, rng)) : null;
    this.#project = next(new ConvNorm({ inChannels: inner, outChannels: channels, kernel: 1, rng }));
    this.#activation = activation;
    this.#keepsShape = stride === 1 && inChannels === channels;
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const wide = this.#expand?.activated(x, this.#activation) ?? x;
    const inner = this.#depthwise.activated(wide, this.#activation);
    const weighted = this.#squeeze?.forward(inner) ?? inner;
    return keep(this.#project.forward(weighted, this.#keepsShape ? x : null));
  }
}

/** x · hardsigmoid(W₂ relu(W₁ mean(x) + b₁) + b₂), a factor for each channel. Hu et al., CVPR 2018. */
class SqueezeExcitation extends Layer {
  readonly #reduce: Conv2d;
  readonly #restore: Conv2d;

  constructor(channels: number, rng: Rng) {
    super();
    const few = multipleOf8(Math.floor(channels / 4));
    const options = { kernel: 1, init: kaimingNormal, biasInit: zeroInit, rng };
    this.#reduce = this.child("fc1", new Conv2d({ inChannels: channels, outChannels: few, ...options }));
    this.#restore = this.child("fc2", new Conv2d({ inChannels: few, outChannels: channels, ...options }));
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const squeezed = x.mean({ dim: [2, 3], keepdim: true });
    return keep(x.mul(this.#restore.forward(this.#reduce.forward(squeezed).relu()).hardsigmoid()));
  }
}

/** The multiple of 8 that is nearest, but at least 8 and 0.9 times the number. */
function multipleOf8(value: number): number {
  const rounded = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return rounded < 0.9 * value ? rounded + 8 : rounded;
}
