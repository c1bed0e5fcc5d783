import { BatchNorm2d } from "../nn/batch-norm.js";
import { convNormRelu, convNorm } from "../nn/conv-norm.js";
import { Conv2d } from "../nn/conv2d.js";
import { globalAveragePool, halvingMaxPool } from "../nn/functional.js";
import { ResidualStage, ResidualBlock } from "../nn/residual.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Backbone, type StageRange } from "./ensemble.js";
import { Layer } from "../nn/module.js";

/** The blocks of ResNets for large images. */
interface BlockOptions {
  inChannels: number;
  channels: number; // of the stage: 64, 128, 256, 512
  stride: number;
  groups: number; // of the bottleneck's 3×3 convolution; 32 in a ResNeXt 32x4d
  groupWidth: number; // channels of a group, where the stage has 64 channels
  rng: Rng;
}

/** Two 3×3 convolutions. x [N, Cin, H, W] → [N, C, H/stride, W/stride]. */
export class BasicBlock extends ResidualBlock {
  static readonly expansion = 1; // channels that leave the block, by the stage's
  override readonly keepsShape: boolean;
  readonly #downsample: Projection | null;

  constructor({ inChannels, channels, stride, rng }: BlockOptions) {
    const conv1 = convolution(inChannels, channels, { kernel: 3, stride, rng });
    super({ conv1, conv2: convolution(channels, channels, { kernel: 3, rng }), channels });
    const downsample = projection(inChannels, channels, { stride, rng });
    this.#downsample = downsample && this.child("downsample", downsample);
    this.keepsShape = downsample === null;
  }

  protected override shortcut(x: Tensor): Tensor {
    return this.#downsample?.forward(x) ?? x;
  }
}

/**
 * relu(bn(conv1×1(relu(bn(conv3×3(relu(bn(conv1×1(x)))))))) + shortcut(x)). x [N, Cin, H, W] → [N, 4C, H/stride, W/stride].
 * The 3×3 convolution has the stride, not the first 1×1 as in He et al.: torchvision's choice and the reference's.
 * With groups the 3×3 is the aggregated transformation of Xie et al., CVPR 2017.
 */
export class Bottleneck extends Layer {
  static readonly expansion = 4;
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm2d;
  readonly #conv2: Conv2d;
  readonly #bn2: BatchNorm2d;
  readonly #conv3: Conv2d;
  readonly #bn3: BatchNorm2d;
  readonly #downsample: Projection | null;

  constructor({ inChannels, channels, stride, groups, groupWidth, rng }: BlockOptions) {
    super();
    const width = (channels * groups * groupWidth) / 64;
    const outChannels = channels * Bottleneck.expansion;
    this.#conv1 = this.child("conv1", convolution(inChannels, width, { kernel: 1, rng }));
    this.#bn1 = this.child("bn1", new BatchNorm2d({ channels: width }));
    this.#conv2 = this.child("conv2", convolution(width, width, { kernel: 3, stride, groups, rng }));
    this.#bn2 = this.child("bn2", new BatchNorm2d({ channels: width }));
    this.#conv3 = this.child("conv3", convolution(width, outChannels, { kernel: 1, rng }));
    this.#bn3 = this.child("bn3", new BatchNorm2d({ channels: outChannels }));
    const downsample = projection(inChannels, outChannels, { stride, rng });
    this.#downsample = downsample && this.child("downsample", downsample);
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const reduced = convNormRelu(x, this.#conv1, this.#bn1);
    const inner = convNormRelu(reduced, this.#conv2, this.#bn2);
    return keep(convNormRelu(inner, this.#conv3, this.#bn3, this.#downsample?.forward(x) ?? x));
  }
}

/** What the shortcut needs where a block changes the shape: He et al.'s option B. */
class Projection extends Layer {
  readonly #conv: Conv2d;
  readonly #norm: BatchNorm2d;

  constructor(inChannels: number, outChannels: number, options: { stride: number; rng: Rng }) {
    super();
    this.#conv = this.child("0", convolution(inChannels, outChannels, { kernel: 1, ...options }));
    this.#norm = this.child("1", new BatchNorm2d({ channels: outChannels }));
  }

  override forward(x: Tensor): Tensor {
    return convNorm(x, this.#conv, this.#norm);
  }
}

/** Null where the block keeps the shape. */
function projection(
  inChannels: number,
  outChannels: number,
  { stride, rng }: { stride: number; rng: Rng },
): Projection | null {
  if (stride === 1 && inChannels === outChannels) return null;
  return new Projection(inChannels, outChannels, { stride, rng });
}

/** Keeps the resolution but for its stride. */
function convolution(
  inChannels: number,
  outChannels: number,
  options: { kernel: 1 | 3; stride?: number; groups?: number; rng: Rng },
): Conv2d {
  return new Conv2d({ inChannels, outChannels, padding: options.kernel === 3 ? 1 : 0, ...options });
}

const STEM_CHANNELS = 64;
const STAGE_CHANNELS = [64, 128, 256, 512] as const;

/** How one of these networks is made. */
export interface ResNetArchitecture {
  readonly block: "basic" | "bottleneck";
  /** Blocks of each stage. */
  readonly blocks: readonly [number, number, number, number];
  /** Groups of the bottleneck's 3×3 convolution: 32 in a ResNeXt 32x4d. */
  readonly groups?: number;
  /** Channels of a group, where the stage has 64 channels: 4 in a ResNeXt 32x4d. */
  readonly groupWidth?: number;
}

/**
 * ResNet for large images: a 7×7 stem, a max pool, four stages, each at half the resolution of the one before but for
 * the first; 512 features (basic blocks) or 2048 (bottlenecks). He et al., CVPR 2016, table 1; ResNeXt: Xie et al.,
 * CVPR 2017. Parameters have torchvision's names; there is no `fc`. Convolutions start as PyTorch's do, uniform in
 * ±1/√fan-in, as the reference's.
 */
export class ResNet extends Backbone {
  override readonly features: number;
  readonly #stem: { readonly conv1: Conv2d; readonly bn1: BatchNorm2d } | null;
  readonly #stages: readonly ResidualStage[];
  readonly #isWhole: boolean;

  constructor({
    block,
    blocks,
    groups = 1,
    groupWidth = 64,
    rng,
    from = 0,
    to = STAGE_CHANNELS.length,
  }: ResNetArchitecture & StageRange & { readonly rng: Rng }) {
    super();
    const Block = block === "basic" ? BasicBlock : Bottleneck;
    const stem = { inChannels: 3, outChannels: STEM_CHANNELS, kernel: 7, stride: 2, padding: 3, rng };
    this.#stem =
      from > 0
        ? null
        : {
            conv1: this.child("conv1", new Conv2d(stem)),
            bn1: this.child("bn1", new BatchNorm2d({ channels: STEM_CHANNELS })),
          };
    let inChannels = from === 0 ? STEM_CHANNELS : STAGE_CHANNELS[from - 1]! * Block.expansion;
    this.#stages = STAGE_CHANNELS.slice(from, to).map((channels, place) => {
      const index = from + place;
      const layers = Array.from({ length: blocks[index]! }, (_block, position) => {
        const stride = index > 0 && position === 0 ? 2 : 1;
        const layer = new Block({ inChannels, channels, stride, groups, groupWidth, rng });
        inChannels = channels * Block.expansion;
        return layer;
      });
      return this.child(`layer${index + 1}`, new ResidualStage(layers));
    });
    this.features = inChannels;
    this.#isWhole = to === STAGE_CHANNELS.length;
  }

  /**
   * x [N, 3, H, W], or the output of the stages before → [N, features], where the last stage works on ⌈H/32⌉ × ⌈W/32⌉;
   * [N, C, H', W'] without the last stage
   */
  override forward(x: Tensor): Tensor {
    using _ = scope();
    const start = this.#stem === null ? x : halvingMaxPool(convNormRelu(x, this.#stem.conv1, this.#stem.bn1));
    const end = this.#stages.reduce((value, stage) => stage.forward(value), start);
    return keep(this.#isWhole ? globalAveragePool(end) : end);
  }
}
