import { BatchNorm2d } from "../nn/batch-norm.js";
import { convNormRelu } from "../nn/conv-norm.js";
import { Conv2d } from "../nn/conv2d.js";
import { globalAveragePool, halvingMaxPool } from "../nn/functional.js";
import { ResidualStage } from "../nn/residual.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Backbone, type StageRange } from "./ensemble.js";
import { BasicBlock, Bottleneck } from "./resnet-blocks.js";

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
