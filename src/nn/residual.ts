/** Residual blocks and chains of them: He et al., "Deep residual learning for image recognition", CVPR 2016. */
import { residualChain } from "../torch/operators.generated.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { BatchNorm2d } from "./batch-norm.js";
import type { Conv2d } from "./conv2d.js";
import { convNormRelu } from "./conv-norm.js";
import { Layer } from "./module.js";

interface ResidualBlockOptions {
  conv1: Conv2d; // 3×3; it has the stride
  conv2: Conv2d; // 3×3
  channels: number; // of both outputs
}

/** relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)). x [N, Cin, H, W] → [N, C, H/stride, W/stride]. */
export abstract class ResidualBlock extends Layer {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;

  constructor({ conv1, conv2, channels }: ResidualBlockOptions) {
    super();
    this.conv1 = this.child("conv1", conv1);
    this.bn1 = this.child("bn1", new BatchNorm2d({ channels }));
    this.conv2 = this.child("conv2", conv2);
    this.bn2 = this.child("bn2", new BatchNorm2d({ channels }));
  }

  /** Whether the block adds its input as it is. */
  abstract readonly keepsShape: boolean;
  /** What is added; x itself where the block keeps the shape. */
  protected abstract shortcut(x: Tensor): Tensor;

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const inner = convNormRelu(x, this.conv1, this.bn1);
    return keep(convNormRelu(inner, this.conv2, this.bn2, this.shortcut(x)));
  }
}

/**
 * Blocks one after the other, named "0", "1", …. Those in a row that keep the shape are one operator: in training, the
 * CPU kernels then apply batch norm, ReLU and addition where a convolution reads and writes.
 */
export class ResidualStage extends Layer {
  readonly #parts: readonly (Layer | ResidualBlock[])[];

  constructor(blocks: readonly Layer[]) {
    super();
    blocks.forEach((block, index) => this.child(String(index), block));
    this.#parts = inChains(blocks);
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    return keep(
      this.#parts.reduce<Tensor>(
        (value, part) => (Array.isArray(part) ? chain(value, part) : part.forward(value)),
        x,
      ),
    );
  }
}

function inChains(blocks: readonly Layer[]): (Layer | ResidualBlock[])[] {
  const parts: (Layer | ResidualBlock[])[] = [];
  for (const block of blocks) {
    const last = parts.at(-1);
    if (!(block instanceof ResidualBlock && block.keepsShape)) parts.push(block);
    else if (Array.isArray(last)) last.push(block);
    else parts.push([block]);
  }
  return parts;
}

function chain(x: Tensor, blocks: readonly ResidualBlock[]): Tensor {
  const norms = blocks.flatMap(({ bn1, bn2 }) => [bn1, bn2]);
  const [{ training, momentum, eps, group }] = norms as [BatchNorm2d];
  const convolutions = blocks.flatMap(({ conv1, conv2 }) => [conv1, conv2]);
  const parameters = norms.flatMap(({ weight, bias }, index) => [convolutions[index]!.weight, weight, bias]);
  const running = norms.flatMap(({ runningMean, runningVar }) => [runningMean, runningVar]);
  for (const norm of norms) norm.countBatch();
  return residualChain(x, parameters, running, training, momentum, eps, group);
}
