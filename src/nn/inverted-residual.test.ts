/** Inverted residual blocks and the convolutions in them, on the CPU kernels, against the layers one by one in float64. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { noGrad } from "../torch/autograd.js";
import { expectAccurate } from "../torch/against-float64.fixture.js";
import type { DType } from "../torch/dispatch.js";
import { cat } from "../torch/operators.generated.js";
import { useOwnKernels } from "../torch/own-kernels.fixture.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import { autocast, setKernels, setThreads } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { BatchNorm2d } from "./batch-norm.js";
import { convNorm, convNormRelu, convNormRelu6 } from "./conv-norm.js";
import { Conv2d } from "./conv2d.js";
import { type ConvNorm, invertedResidual } from "./inverted-residual.js";

useOwnKernels();

interface Case {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly inner: number;
  readonly outputs: number;
  readonly kernel: 3 | 5;
  readonly stride: 1 | 2;
  readonly expands: boolean;
  readonly stem?: Stem; // in place of the 1×1 that expands
  readonly same: boolean; // TensorFlow's padding, or as many zeros on every side
  readonly seed: number;
}

interface Stem {
  readonly kernel: 1 | 3 | 5 | 7;
  readonly stride: 1 | 2;
}

const stems: fc.Arbitrary<Stem> = fc.record({
  kernel: fc.constantFrom<1 | 3 | 5 | 7>(1, 3, 5, 7),
  stride: fc.constantFrom<1 | 2>(1, 2),
});

const cases: fc.Arbitrary<Case> = fc.record({
  images: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 19 }),
  width: fc.integer({ min: 1, max: 19 }),
  inputs: fc.integer({ min: 1, max: 40 }),
  inner: fc.integer({ min: 1, max: 12 }).map((n) => 8 * n),
  outputs: fc.integer({ min: 1, max: 40 }),
  kernel: fc.constantFrom<3 | 5>(3, 5),
  stride: fc.constantFrom<1 | 2>(1, 2),
  expands: fc.boolean(),
  same: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1 << 20 }),
});

const usual: Case = {
  images: 3,
  height: 14,
  width: 11,
  inputs: 24,
  inner: 144,
  outputs: 24,
  kernel: 5,
  stride: 1,
  expands: true,
  same: true,
  seed: 5,
};

/** Layers and tensors of a case, in one precision; the same values each time. */
class Drawn implements Disposable {
  readonly expand: ConvNorm | null;
  readonly depthwise: ConvNorm;
  readonly project: ConvNorm;
  readonly addsInput: boolean;
  readonly x: Tensor;

  constructor(one: Case, dtype: DType) {
    const rng = new Rng(one.seed);
    const placement = { dtype, memoryFormat: "channels_last" } as const;
    const layer = (inChannels: number, outChannels: number, each?: Case | Stem): ConvNorm => {
      const padding = one.same ? "same" : ((each?.kernel ?? 1) - 1) / 2;
      const { kernel = 1, stride = 1 } = each ?? {};
      const groups = each === one ? inChannels : 1;
      const conv = new Conv2d({ inChannels, outChannels, kernel, stride, padding, groups, rng });
      const norm = new BatchNorm2d({ channels: outChannels, eps: 1e-3 });
      norm.weight.detach().copy_(rng.normal([outChannels]));
      norm.bias.detach().copy_(rng.normal([outChannels]).add(1));
      norm.runningMean.copy_(rng.normal([outChannels]).mul(0.1));
      norm.runningVar.copy_(rng.uniform([outChannels], { low: 0.02, high: 0.5 }));
      norm.eval();
      conv.to(placement);
      norm.to(placement);
      return { conv, norm };
    };
    const inputs = one.expands ? one.inputs : one.inner;
    this.expand = one.expands ? layer(inputs, one.inner, one.stem) : null;
    this.depthwise = layer(one.inner, one.inner, one);
    this.project = layer(one.inner, one.outputs);
    this.addsInput = one.stride === 1 && one.stem === undefined && inputs === one.outputs;
    this.x = rng.normal([one.images, inputs, one.height, one.width]).to(placement);
  }

  get layers(): ConvNorm[] {
    return [...(this.expand === null ? [] : [this.expand]), this.depthwise, this.project];
  }

  /** Layer by layer, none of them fused. */
  stepwise(): Tensor {
    let value = this.x;
    for (const layer of this.layers) {
      const y = layer.norm.forward(layer.conv.forward(value));
      value = layer === this.project ? y : y.clamp({ min: 0, max: 6 });
    }
    return this.addsInput ? value.add(this.x) : value;
  }

  [Symbol.dispose](): void {
    for (const { conv, norm } of this.layers) {
      conv[Symbol.dispose]();
      norm[Symbol.dispose]();
    }
  }
}

function expectAsInFloat64(one: Case): void {
  using _scope = scope();
  using _noGrad = noGrad();
  using found = new Drawn(one, "float32");
  using exact = new Drawn(one, "float64");
  expectAccurate(invertedResidual(found.x, found), exact.stepwise(), JSON.stringify(one));
}

test("a block, against float64", () => {
  fc.assert(fc.property(cases, expectAsInFloat64), { numRuns: 150, seed: 11, examples: [[usual]] });
});

test("a network's first convolution in its first block, against float64 and by itself", () => {
  const check = (one: Case): void => {
    expectAsInFloat64(one);
    using _scope = scope();
    using _noGrad = noGrad();
    using drawn = new Drawn(one, "float32");
    const { x, depthwise, project, addsInput } = drawn;
    const { conv, norm } = drawn.expand!;
    const rest = { expand: null, depthwise, project, addsInput };
    expect(invertedResidual(x, drawn).equal(invertedResidual(convNormRelu6(x, conv, norm), rest))).toBe(true);
  };
  const first = {
    ...usual,
    images: 2,
    inputs: 3,
    inner: 32,
    outputs: 16,
    stem: { kernel: 3, stride: 2 },
  } as const;
  const examples: [Case][] = [
    [{ ...first, height: 96, width: 96, kernel: 3 }],
    [{ ...first, height: 75, width: 130, kernel: 3, stride: 2 }],
    [{ ...first, height: 33, width: 33, inner: 352, kernel: 3 }], // more channels than a pass has
  ];
  const few = fc.tuple(cases, stems, fc.integer({ min: 1, max: 4 }));
  const drawn = few.map(([one, stem, inputs]) => ({ ...one, expands: true, stem, inputs }));
  fc.assert(fc.property(drawn, check), { numRuns: 100, seed: 13, examples });
});

test("blocks that are cut into bands of rows and passes of channels, against float64", () => {
  const large = { ...usual, images: 1, inputs: 8, outputs: 8 };
  for (const one of [
    { ...large, height: 60, width: 61, inner: 96, kernel: 3, stride: 2 },
    { ...large, height: 57, width: 40, inner: 96, kernel: 5, stride: 1 },
    { ...large, height: 90, width: 50, inner: 32, expands: false },
    { ...large, height: 14, width: 14, inner: 672 },
    { ...large, height: 14, width: 14, inner: 680 },
    { ...large, height: 7, width: 7, inner: 1152 },
  ] as const)
    expectAsInFloat64(one);
});

test("1×1 and depthwise convolutions by themselves, with shortcut and activation, against float64", () => {
  const check = (one: Case): void => {
    using _scope = scope();
    using _noGrad = noGrad();
    using found = new Drawn(one, "float32");
    using exact = new Drawn(one, "float64");
    for (const index of found.layers.keys()) {
      const [own, other] = [found.layers[index]!, exact.layers[index]!];
      const rng = new Rng(one.seed + index);
      const x = rng.normal([one.images, own.conv.weight.shape[0]!, one.height, one.width]);
      const channels = own === found.depthwise ? one.inner : own === found.project ? one.inner : one.inputs;
      const input = rng
        .normal([one.images, channels, one.height, one.width])
        .to({ memoryFormat: "channels_last" });
      const expected = other.norm.forward(other.conv.forward(input.to({ dtype: "float64" })));
      expectAccurate(
        convNormRelu6(input, own.conv, own.norm),
        expected.clamp({ min: 0, max: 6 }),
        "with ReLU6",
      );
      expectAccurate(convNorm(input, own.conv, own.norm), expected, "without activation");
      if (own === found.depthwise && one.stride === 2) continue;
      const sum = expected.add(x.to({ dtype: "float64" }));
      expectAccurate(convNormRelu(input, own.conv, own.norm, x), sum.relu(), "with shortcut and ReLU");
    }
  };
  fc.assert(fc.property(cases, check), { numRuns: 60, seed: 12 });
});

test("an image has the same bits in any batch and with any number of threads", () => {
  for (const one of [
    usual,
    { ...usual, kernel: 3, stride: 2 },
    { ...usual, height: 40, width: 64 },
    { ...usual, height: 60, width: 61, inputs: 3, stem: { kernel: 3, stride: 2 } },
  ] as const) {
    using _scope = scope();
    using _noGrad = noGrad();
    using drawn = new Drawn(one, "float32");
    setThreads(1);
    const all = invertedResidual(drawn.x, drawn);
    for (const threads of [1, 2, 3]) {
      setThreads(threads);
      expect(invertedResidual(drawn.x, drawn).equal(all)).toBe(true);
      const each = Array.from({ length: one.images }, (_, image) =>
        invertedResidual(drawn.x.narrow(0, image, 1), drawn),
      );
      expect(cat(each).equal(all)).toBe(true);
    }
    setThreads(2);
  }
});

test("shapes that do not fit are libtorch's error, and a shortcut is broadcast as there", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  using drawn = new Drawn(usual, "float32");
  const narrow = drawn.x.narrow(1, 0, 8).to({ memoryFormat: "channels_last" });
  expect(() => invertedResidual(narrow, drawn)).toThrow(/to have 24 channels, but got 8 channels/);
  expect(() => convNormRelu6(narrow, drawn.expand!.conv, drawn.expand!.norm)).toThrow(/to have 24 channels/);
  const { conv, norm } = drawn.expand!;
  const one = drawn.x
    .narrow(2, 0, 1)
    .narrow(3, 0, 1)
    .mean({ dim: [1], keepdim: true });
  const expected = convNorm(drawn.x, conv, norm).add(one);
  expect(convNorm(drawn.x, conv, norm, one).allclose(expected, { rtol: 1e-4, atol: 1e-5 })).toBe(true);
});

test("no images", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  using drawn = new Drawn(usual, "float32");
  const { images: _, ...shape } = usual;
  expect(invertedResidual(drawn.x.narrow(0, 0, 0), drawn).shape).toEqual([
    0,
    shape.outputs,
    shape.height,
    shape.width,
  ]);
});

test("what is folded follows the weights", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  using drawn = new Drawn({ ...usual, outputs: 32 }, "float32");
  const first = invertedResidual(drawn.x, drawn);
  drawn.project.norm.weight.mul_(2);
  drawn.project.norm.bias.mul_(2);
  const second = invertedResidual(drawn.x, drawn);
  expect(second.allclose(first.mul(2), { rtol: 1e-4, atol: 1e-5 })).toBe(true);
  drawn.project.norm.runningMean.zero_();
  drawn.project.conv.weight.zero_();
  const expected = drawn.project.norm.bias.view([1, -1, 1, 1]).expand(first.shape);
  expect(invertedResidual(drawn.x, drawn).equal(expected)).toBe(true);
});

test("values that are no numbers come through", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  using drawn = new Drawn({ ...usual, outputs: 32 }, "float32");
  const x = drawn.x.mul(Number.NaN);
  expect(invertedResidual(x, drawn).isnan().all().item()).toBe(1);
});

test.each(["training", "gradients", "libtorch", "bfloat16", "contiguous"])(
  "convolution by convolution: %s",
  (reason) => {
    using _scope = scope();
    using drawn = new Drawn(usual, "float32");
    using again = new Drawn(usual, "float32");
    for (const { norm } of [...drawn.layers, ...again.layers]) norm.train(reason === "training");
    if (reason === "libtorch") setKernels("libtorch");
    const [x, other] = [drawn.x, again.x].map((one) =>
      reason === "contiguous" ? one.to({ memoryFormat: "contiguous" }) : one,
    ) as [Tensor, Tensor];
    using _autocast = reason === "bfloat16" ? autocast("bfloat16") : null;
    using _noGrad = reason === "gradients" || reason === "training" ? null : noGrad();
    const wide = convNormRelu6(other, again.expand!.conv, again.expand!.norm);
    const inner = convNormRelu6(wide, again.depthwise.conv, again.depthwise.norm);
    const expected = convNorm(inner, again.project.conv, again.project.norm, other);
    const y = invertedResidual(x, drawn);
    expect(y.equal(expected)).toBe(true);
    if (reason === "training") {
      y.sum().backward();
      expect(drawn.expand!.conv.weight.grad).not.toBeNull();
      expect(drawn.depthwise.norm.numBatchesTracked.item()).toBe(1);
    }
    setKernels("always");
  },
);

test("blocks leave no tensor behind", () => {
  const step = (): void => {
    using _scope = scope();
    using _noGrad = noGrad();
    using drawn = new Drawn(usual, "float32");
    invertedResidual(drawn.x, drawn);
  };
  step();
  const before = memory();
  for (let i = 0; i < 3; i += 1) step();
  expect(memory()).toEqual(before);
});
