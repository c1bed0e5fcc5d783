/** Convolutions of photographs' few channels in evaluation, on the CPU kernels, against the layers in float64. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { expectAccurate } from "../torch/against-float64.fixture.js";
import { noGrad } from "../torch/autograd.js";
import type { DType } from "../torch/dispatch.js";
import { cat } from "../torch/operators.generated.js";
import { useOwnKernels } from "../torch/own-kernels.fixture.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { setThreads } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import type { BatchNorm2d } from "./batch-norm.js";
import { drawConvNorm } from "./conv-norm.fixture.js";
import { convNorm, convNormRelu6 } from "./conv-norm.js";
import type { Conv2d } from "./conv2d.js";

useOwnKernels();

interface Case {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number | "same";
  readonly seed: number;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    images: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 7, max: 23 }),
    width: fc.integer({ min: 7, max: 23 }),
    inputs: fc.integer({ min: 1, max: 4 }),
    outputs: fc.integer({ min: 1, max: 40 }),
    kernel: fc.constantFrom(2, 3, 4, 5, 7),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom<number | "same">(0, 1, 3, "same"),
    seed: fc.integer({ min: 1, max: 1 << 20 }),
  })
  .filter(({ padding, kernel, stride }) => padding !== "same" || (kernel % 2 === 1 && stride < 3));

const usual: Case = {
  images: 40,
  height: 20,
  width: 22,
  inputs: 3,
  outputs: 32,
  kernel: 3,
  stride: 2,
  padding: "same",
  seed: 9,
};

/** Layers and images of a case, in one precision; the same values each time. */
class Drawn implements Disposable {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d;
  readonly x: Tensor;

  constructor({ images, height, width, inputs, outputs, seed, ...geometry }: Case, dtype: DType) {
    const rng = new Rng(seed);
    const layers = drawConvNorm(rng, { inChannels: inputs, outChannels: outputs, ...geometry }, dtype);
    this.conv = layers.conv;
    this.norm = layers.norm;
    this.norm.eval();
    this.x = rng.normal([images, inputs, height, width]).to({ dtype, memoryFormat: "channels_last" });
  }

  fused(x = this.x): Tensor {
    return convNormRelu6(x, this.conv, this.norm);
  }

  [Symbol.dispose](): void {
    this.conv[Symbol.dispose]();
    this.norm[Symbol.dispose]();
  }
}

test("any kernel, stride and padding, against float64", () => {
  const check = (one: Case): void => {
    using _scope = scope();
    using _noGrad = noGrad();
    using found = new Drawn(one, "float32");
    using exact = new Drawn(one, "float64");
    const expected = exact.norm.forward(exact.conv.forward(exact.x));
    expectAccurate(convNorm(found.x, found.conv, found.norm), expected, JSON.stringify(one));
    if (expected.max().item() < 0.1) return; // nothing is left of it after the activation
    expectAccurate(found.fused(), expected.clamp({ min: 0, max: 6 }), `${JSON.stringify(one)} with ReLU6`);
  };
  fc.assert(fc.property(cases, check), { numRuns: 60, seed: 4 });
});

test("an image has the same bits in every batch and with any number of threads", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  using drawn = new Drawn(usual, "float32");
  const all = drawn.fused();
  for (const threads of [1, 3, 2]) {
    setThreads(threads);
    expect(drawn.fused().equal(all), `${threads} threads`).toBe(true);
    const one = Array.from({ length: usual.images }, (_, image) => drawn.fused(drawn.x.narrow(0, image, 1)));
    expect(cat(one).equal(all), `${threads} threads, image by image`).toBe(true);
  }
});
