import { noGrad } from "../torch/autograd.js";
import { ones, zeros } from "../torch/create.js";
import { batchNorm, syncBatchNorm } from "../torch/operators.generated.js";
import { ShapeError } from "../torch/errors.js";
import type { Tensor } from "../torch/tensor.js";
import { Layer, type Module } from "./module.js";

interface BatchNorm2dOptions {
  channels: number;
  momentum?: number; // weight of the newest batch in the running statistics
  eps?: number;
}

/**
 * y = γ · (x − μ) / √(σ² + ε) + β for each channel of x [N, C, H, W]. μ and σ² are the batch's when training and the
 * running ones otherwise. Ioffe and Szegedy, ICML 2015.
 */
export class BatchNorm2d extends Layer {
  readonly weight: Tensor; // γ [C]
  readonly bias: Tensor; // β [C]
  readonly runningMean: Tensor; // [C]
  readonly runningVar: Tensor; // [C]
  readonly numBatchesTracked: Tensor; // int64 scalar; PyTorch's state dictionaries hold it
  readonly momentum: number;
  readonly eps: number;
  #group: number | null = null;
  #isFrozen = false;

  constructor({ channels, momentum = 0.1, eps = 1e-5 }: BatchNorm2dOptions) {
    super();
    this.weight = this.parameter("weight", ones([channels]));
    this.bias = this.parameter("bias", zeros([channels]));
    this.runningMean = this.buffer("running_mean", zeros([channels]));
    this.runningVar = this.buffer("running_var", ones([channels]));
    this.numBatchesTracked = this.buffer("num_batches_tracked", zeros([], { dtype: "int64" }));
    this.momentum = momentum;
    this.eps = eps;
  }

  /** Trains from here on by the statistics of all processes' images. group: the process group's number. */
  synchronize(group: number): void {
    this.#group = group;
  }

  /** Keeps its running statistics from here on and normalizes by them in training, too. */
  freezeStatistics(): void {
    this.#isFrozen = true;
  }

  override get training(): boolean {
    return super.training && !this.#isFrozen;
  }

  /** The number of the process group whose images count as its batch in training; null: this process's alone. */
  get group(): number | null {
    return this.#group;
  }

  override forward(x: Tensor): Tensor {
    this.countBatch();
    const { weight, bias, runningMean, runningVar, training, momentum, eps } = this;
    if (training && this.#group !== null)
      return syncBatchNorm(x, weight, bias, runningMean, runningVar, momentum, eps, this.#group);
    if (training && x.size === weight.size)
      throw new ShapeError("batch norm", {
        expected:
          "more than 1 value per channel when training (data.dropLast=true leaves out a smaller last batch, data.batch " +
          "chooses another size)",
        received: x.shape,
      });
    return batchNorm(x, weight, bias, runningMean, runningVar, training, momentum, eps, true);
  }

  /** For who takes this norm into an operator of its own: a batch of training is counted, as forward() does. */
  countBatch(): void {
    if (!this.training) return;
    using _ = noGrad();
    this.numBatchesTracked.add_(1n);
  }
}

/** Makes every batch norm within `module` see the images of all processes of a group while it trains. */
export function synchronizeBatchNorm(module: Module, group: number): void {
  for (const part of module.modules()) if (part instanceof BatchNorm2d) part.synchronize(group);
}

/** Makes every batch norm within `module` keep its running statistics and normalize by them, in training as well. */
export function freezeBatchNorm(module: Module): void {
  for (const part of module.modules()) if (part instanceof BatchNorm2d) part.freezeStatistics();
}
