import { BatchNorm2d } from "../nn/batch-norm.js";
import { convNormRelu } from "../nn/conv-norm.js";
import { Conv2d } from "../nn/conv2d.js";
import { kaimingNormal } from "../nn/init.js";
import { globalAveragePool } from "../nn/functional.js";
import { ResidualBlock, ResidualStage } from "../nn/residual.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Backbone, type StageRange } from "./ensemble.js";

const STEM_CHANNELS = 16;
const STAGE_CHANNELS = [16, 32, 64] as const;

interface ResNetCifarOptions extends StageRange {
  readonly depth: number;
  readonly rng: Rng;
}

/**
 * ResNet for small images, depth 6n + 2: a 3×3 stem and three stages of n basic blocks with 16, 32 and 64 channels,
 * the second and third at half the resolution of the one before; 64 features. He et al., CVPR 2016, section 4.2, with
 * parameter-free shortcuts (their option A). Weights start Kaiming-normal.
 */
export class ResNetCifar extends Backbone {
  override readonly features: number;
  readonly #stem: { readonly conv1: Conv2d; readonly bn1: BatchNorm2d } | null;
  readonly #stages: readonly ResidualStage[];
  readonly #isWhole: boolean;

  constructor({ depth, rng, from = 0, to = STAGE_CHANNELS.length }: ResNetCifarOptions) {
    super();
    const blocks = (depth - 2) / 6;
    if (!Number.isInteger(blocks) || blocks < 1) {
      throw new RangeError(`ResNetCifar: expected a depth of 6n + 2 (8, 14, 20, …), found ${depth}`);
    }
    this.#stem =
      from > 0
        ? null
        : {
            conv1: this.child("conv1", conv3x3(3, STEM_CHANNELS, 1, rng)),
            bn1: this.child("bn1", new BatchNorm2d({ channels: STEM_CHANNELS })),
          };
    let inChannels: number = STAGE_CHANNELS[from - 1] ?? STEM_CHANNELS;
    this.#stages = STAGE_CHANNELS.slice(from, to).map((channels, place) => {
      const index = from + place;
      const layers = Array.from({ length: blocks }, (_block, position) => {
        const stride = index > 0 && position === 0 ? 2 : 1;
        const block = new BasicBlock({ inChannels, channels, stride, rng });
        inChannels = channels;
        return block;
      });
      return this.child(`layer${index + 1}`, new ResidualStage(layers));
    });
    this.features = inChannels;
    this.#isWhole = to === STAGE_CHANNELS.length;
  }

  /** x [N, 3, H, W], or the output of the stages before → [N, 64]; [N, C, H', W'] without the last stage */
  override forward(x: Tensor): Tensor {
    using _ = scope();
    const start = this.#stem === null ? x : convNormRelu(x, this.#stem.conv1, this.#stem.bn1);
    const end = this.#stages.reduce((value, stage) => stage.forward(value), start);
    return keep(this.#isWhole ? globalAveragePool(end) : end);
  }
}

interface BlockOptions {
  readonly inChannels: number;
  readonly channels: number;
  readonly stride: number;
  readonly rng: Rng;
}

class BasicBlock extends ResidualBlock {
  override readonly keepsShape: boolean;
  readonly #stride: number;
  readonly #addedChannels: number;

  constructor({ inChannels, channels, stride, rng }: BlockOptions) {
    const conv1 = conv3x3(inChannels, channels, stride, rng);
    super({ conv1, conv2: conv3x3(channels, channels, 1, rng), channels });
    this.#stride = stride;
    this.#addedChannels = channels - inChannels;
    this.keepsShape = stride === 1 && this.#addedChannels === 0;
  }

  /** Option A: every second pixel, and channels of zeros before and after the old ones. */
  protected override shortcut(x: Tensor): Tensor {
    if (this.keepsShape) return x;
    const step = this.#stride;
    const half = this.#addedChannels / 2;
    return x.slice({ dim: 2, step }).slice({ dim: 3, step }).constantPadNd([0, 0, 0, 0, half, half]);
  }
}

function conv3x3(inChannels: number, outChannels: number, stride: number, rng: Rng): Conv2d {
  return new Conv2d({ inChannels, outChannels, kernel: 3, stride, padding: 1, init: kaimingNormal, rng });
}
