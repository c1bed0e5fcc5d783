import { BatchNorm2d } from "../nn/batch-norm.js";
import { convNormRelu } from "../nn/conv-norm.js";
import { Conv2d } from "../nn/conv2d.js";
import { globalAveragePool, halvingMaxPool } from "../nn/functional.js";
import { ResidualStage } from "../nn/residual.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Backbone } from "./ensemble.js";
import { BasicBlock, Bottleneck } from "./resnet-blocks.js";

const STEM_CHANNELS = 64;
const STAGE_CHANNELS = [64, 128, 256, 512] as const;

/** How one of these networks is made. */
export interface ResNetArchitecture {
  block: "basic" | "bottleneck";
  blocks: readonly [number, number, number, number]; // of each stage
  groups?: number; // 32 in a ResNeXt 32x4d
  groupWidth?: number; // 4 in a ResNeXt 32x4d
}

/**
 * ResNet for large images: a 7×7 stem, a max pool, four stages, each at half the resolution of the one before but for
 * the first; 512 features (basic blocks) or 2048 (bottlenecks). He et al., CVPR 2016, table 1; ResNeXt: Xie et al.,
 * CVPR 2017. Parameters have torchvision's names; there is no `fc`. Convolutions start as PyTorch's do, uniform in
 * ±1/√fan-in, as the reference's.
 */
export class ResNet extends Backbone {
  override readonly features: number;
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm2d;
  readonly #stages: readonly ResidualStage[];

  constructor({ block, blocks, groups = 1, groupWidth = 64, rng }: ResNetArchitecture & { rng: Rng }) {
    super();
    const Block = block === "basic" ? BasicBlock : Bottleneck;
    this.features = STAGE_CHANNELS[3] * Block.expansion;
    const stem = { inChannels: 3, outChannels: STEM_CHANNELS, kernel: 7, stride: 2, padding: 3, rng };
    this.#conv1 = this.child("conv1", new Conv2d(stem));
    this.#bn1 = this.child("bn1", new BatchNorm2d({ channels: STEM_CHANNELS }));
    let inChannels = STEM_CHANNELS;
    this.#stages = STAGE_CHANNELS.map((channels, index) => {
      const layers = Array.from({ length: blocks[index]! }, (_block, position) => {
        const stride = index > 0 && position === 0 ? 2 : 1;
        const layer = new Block({ inChannels, channels, stride, groups, groupWidth, rng });
        inChannels = channels * Block.expansion;
        return layer;
      });
      return this.child(`layer${index + 1}`, new ResidualStage(layers));
    });
  }

  /** x [N, 3, H, W] → [N, features]; the last stage works on ⌈H/32⌉ × ⌈W/32⌉ */
  override forward(x: Tensor): Tensor {
    using _ = scope();
    const stem = halvingMaxPool(convNormRelu(x, this.#conv1, this.#bn1));
    return keep(globalAveragePool(this.#stages.reduce((value, stage) => stage.forward(value), stem)));
  }
}
