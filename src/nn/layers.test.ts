/** Layers against values computed by hand. */
import { expect, test } from "vitest";
import { expectAccurate } from "../torch/against-float64.fixture.js";
import { grad } from "../torch/autograd.js";
import { arange, tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { setThreads } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Conv2d } from "./conv2d.js";
import { fanInUniform, kaimingNormal } from "./init.js";
import { Linear } from "./linear.js";
import { globalAveragePool, normalize } from "./functional.js";
const rng = new Rng(1);

function image(height: number, width: number): Tensor {
  return arange(height * width, { dtype: "float32" }).view([1, 1, height, width]);
}

function expectClose(found: Tensor, expected: readonly number[]): void {
  const values = found.toList();
  expect(values).toHaveLength(expected.length);
  values.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 5));
}

test("conv2d sums the window, with padding and stride", () => {
  using _ = scope();
  const conv = new Conv2d({ inChannels: 1, outChannels: 1, kernel: 3, stride: 2, padding: 1, rng });
  conv.weight.detach().fill_(1);
  const y = conv.forward(image(3, 3)); // 0 1 2 / 3 4 5 / 6 7 8
  expect(y.shape).toEqual([1, 1, 2, 2]);
  expectClose(y, [8, 12, 20, 24]);
});

test.each([4, 8, 12, 16])(
  "a strided 1 x 1 convolution of %i channels, on two threads, as in float64",
  (inChannels) => {
    setThreads(2);
    for (let size = 3; size < 40; size += 1) {
      using _ = scope();
      const conv = new Conv2d({ inChannels, outChannels: 24, kernel: 1, stride: 2, rng });
      const x = rng.normal([3, inChannels, size, size]);
      const gradients = (["float32", "float64"] as const).map((dtype) => {
        const input = x.to({ dtype, memoryFormat: "channels_last" }).setRequiresGrad();
        conv.to({ dtype, memoryFormat: "channels_last" });
        const y = conv.forward(input);
        expect(y.shape).toEqual([3, 24, Math.ceil(size / 2), Math.ceil(size / 2)]);
        return grad([y.mul(y).sum()], [input, conv.weight]);
      });
      const [found, expected] = gradients;
      expectAccurate(found![0]!, expected![0]!, "images");
      expectAccurate(found![1]!, expected![1]!, "weight");
      conv[Symbol.dispose]();
    }
  },
);

test("batch norm uses the batch's statistics and moves the running ones when training", () => {
  using _ = scope();
  const norm = new BatchNorm2d({ channels: 1, momentum: 0.5, eps: 0 });
  norm.weight.detach().fill_(2);
  norm.bias.detach().fill_(10);
  const deviation = Math.sqrt(1.25); // of 0, 1, 2, 3 around 1.5
  expectClose(
    norm.forward(image(2, 2)),
    [-1.5, -0.5, 0.5, 1.5].map((x) => 10 + (2 * x) / deviation),
  );
  expectClose(norm.runningMean, [0.75]);
  expectClose(norm.runningVar, [0.5 + 0.5 * (5 / 3)]); // the unbiased variance
  expect(norm.numBatchesTracked.item()).toBe(1);
});

test("batch norm uses the running statistics in evaluation and leaves them", () => {
  using _ = scope();
  const norm = new BatchNorm2d({ channels: 1, eps: 0 }).eval();
  norm.runningMean.fill_(1);
  norm.runningVar.fill_(4);
  expectClose(norm.forward(image(2, 2)), [-0.5, 0, 0.5, 1]);
  expect(norm.runningMean.item()).toBe(1);
  expect(norm.numBatchesTracked.item()).toBe(0);
});

test("linear multiplies and adds", () => {
  using _ = scope();
  const layer = new Linear({ inFeatures: 2, outFeatures: 2, rng });
  layer.weight.detach().copy_(tensor([1, 2, 3, 4], { shape: [2, 2] }));
  layer.bias!.detach().copy_(tensor([10, 20]));
  expectClose(layer.forward(tensor([1, -1], { shape: [1, 2] })), [9, 19]);
});

test("global average pool", () => {
  using _ = scope();
  const pooled = globalAveragePool(image(2, 4));
  expect(pooled.shape).toEqual([1, 1]);
  expectClose(pooled, [3.5]);
});

test("normalize gives length 1, and leaves zero at zero with a finite gradient", () => {
  using _ = scope();
  const x = tensor([3, 4, 0, 0], { shape: [2, 2] }).setRequiresGrad();
  const y = normalize(x, 1);
  expectClose(y, [0.6, 0.8, 0, 0]);
  y.sum().backward();
  expect(x.grad!.isfinite().all().item()).toBe(1);
});

test("start weights have the spread that their fan-in asks for", () => {
  using _ = scope();
  const shape = [64, 16, 3, 3];
  const fanIn = 16 * 9;
  const normal = kaimingNormal(shape, rng).toList();
  const meanSquare = normal.reduce((sum, x) => sum + x * x, 0) / normal.length;
  expect(meanSquare / (2 / fanIn)).toBeCloseTo(1, 1);
  const uniform = fanInUniform(shape, rng).abs().max().item();
  expect(uniform).toBeLessThanOrEqual(1 / Math.sqrt(fanIn));
  expect(uniform).toBeGreaterThan(0.99 / Math.sqrt(fanIn));
});
