/** Batch norm over values that are hard: few of them, or far from 0. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conv3x3 } from "../torch/operators.generated.js";
import { useOwnKernels } from "../torch/own-kernels.fixture.js";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { setKernels, setThreads } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { BatchNorm2d, freezeBatchNorm } from "./batch-norm.js";
import { Conv2d } from "./conv2d.js";
import { convNorm, convNormRelu } from "./conv-norm.js";
import { ResidualBlock, ResidualStage } from "./residual.js";

useOwnKernels();

class PlainBlock extends ResidualBlock {
  readonly keepsShape = true;
  protected override shortcut(x: Tensor): Tensor {
    return x;
  }
}

const channels = 16;
const convolution = (kernel: 1 | 3, rng: Rng): Conv2d =>
  new Conv2d({
    inChannels: channels,
    outChannels: channels,
    kernel,
    stride: 1,
    padding: (kernel - 1) / 2,
    rng,
  });

function block(rng: Rng): PlainBlock {
  return new PlainBlock({ conv1: convolution(3, rng), conv2: convolution(3, rng), channels });
}

describe("one value per channel, when training", () => {
  const paths: [string, (x: Tensor, norm: BatchNorm2d, rng: Rng) => Tensor][] = [
    ["a layer", (x, norm) => norm.forward(x)],
    ["a convolution's norm", (x, norm, rng) => convNorm(x, convolution(3, rng), norm)],
    ["a convolution's norm and ReLU", (x, norm, rng) => convNormRelu(x, convolution(1, rng), norm)],
    ["a chain of residual blocks", (x, _, rng) => new ResidualStage([block(rng), block(rng)]).forward(x)],
  ];
  const image = (rng: Rng, images: number): Tensor =>
    rng.normal([images, channels, 1, 1]).to({ memoryFormat: "channels_last" });

  describe.each(["always", "libtorch"] as const)("kernels %s", (kernels) => {
    beforeAll(() => {
      setKernels(kernels);
    });
    afterAll(() => {
      setKernels("always");
    });

    it.each(paths)("%s refuses it", (_, forward) => {
      using _scope = scope();
      const rng = new Rng(1);
      const norm = new BatchNorm2d({ channels });
      expect(() => forward(image(rng, 1), norm, rng)).toThrowError(
        /expected more than 1 value per channel when training \(data\.dropLast=true .*data\.batch .*\), received \[1, 16, 1, 1\]/,
      );
      expect(norm.runningVar.toArray().every((value) => value === 1)).toBe(true);
    });

    it.each(paths)("%s takes two, and one in evaluation", (_, forward) => {
      using _scope = scope();
      const rng = new Rng(1);
      const norm = new BatchNorm2d({ channels });
      expect(Number.isFinite(forward(image(rng, 2), norm, rng).sum().item())).toBe(true);
      norm.eval();
      expect(Number.isFinite(norm.forward(image(rng, 1)).sum().item())).toBe(true);
    });
  });
});

/**
 * Values of mean 1000 and standard deviation 1: their squares need 20 bits of the 24 that single precision has before
 * the variance begins. What is left of rounding is that of sums over a few hundred distances from the pilot, which are
 * of the size of the deviation itself: some 2^-24 each.
 */
describe("a mean a thousand times the standard deviation", () => {
  const bound = 1e-5;

  /** The largest relative distance of the batch's variance, as the running one took it, from that in float64. */
  function errorOf({ runningVar, momentum }: BatchNorm2d, values: Tensor): number {
    const exact = values.to({ dtype: "float64" }).varMean({ dim: [0, 2, 3] })[0];
    const found = runningVar
      .to({ dtype: "float64" })
      .sub(1 - momentum)
      .div(momentum); // it began at 1
    return found.div(exact).sub(1).abs().max().item();
  }

  const farFromZero = (rng: Rng): Tensor =>
    rng.normal([6, channels, 21, 18]).add(1000).to({ memoryFormat: "channels_last" });

  it.each([1, 2, 3])("the norm after another convolution, %i threads", (threads) => {
    using _ = scope();
    setThreads(threads);
    const rng = new Rng(2);
    const conv = convolution(1, rng);
    const norm = new BatchNorm2d({ channels });
    const x = farFromZero(rng);
    convNormRelu(x, conv, norm);
    expect(errorOf(norm, conv.forward(x))).toBeLessThan(bound);
  });

  it.each([1, 2, 3])("the norms in a chain of residual blocks, %i threads", (threads) => {
    using _ = scope();
    setThreads(threads);
    const rng = new Rng(3);
    const only = block(rng);
    const { weight } = only.conv1;
    {
      using _grad = noGrad();
      const middle = rng.normal([channels, channels, 1, 1]);
      weight.zero_(); // but for the middle of the kernel, so that an image's edge does not differ from the rest
      weight.narrow(2, 1, 1).narrow(3, 1, 1).copy_(middle);
    }
    const x = farFromZero(rng);
    new ResidualStage([only]).forward(x);
    expect(errorOf(only.bn1, conv3x3(x, weight))).toBeLessThan(bound);
  });
});

it("frozen statistics normalize in training and stay as they are; scale and shift still learn", () => {
  using _ = scope();
  const norm = new BatchNorm2d({ channels: 2 });
  norm.runningMean.copy_(tensor([1, -2]));
  norm.runningVar.copy_(tensor([4, 9]));
  const x = new Rng(1).normal([3, 2, 4, 4]);
  const expected = norm.eval().forward(x);
  freezeBatchNorm(norm);
  const found = norm.train().forward(x);
  expect(found.allclose(expected)).toBe(true);
  expect(norm.runningMean.toList()).toEqual([1, -2]);
  expect(norm.numBatchesTracked.item()).toBe(0);
  found.sum().backward();
  expect(norm.bias.grad!.toList()).toEqual([48, 48]);
});
