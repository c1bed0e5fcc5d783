/** A convolution with what follows it, on the CPU kernels, against the operators one by one in float64. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectAccurate } from "../torch/against-float64.fixture.js";
import { useOwnKernels } from "../torch/own-kernels.fixture.js";
import { grad, noGrad } from "../torch/autograd.js";
import type { DType } from "../torch/dispatch.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import { autocast, setKernels, setThreads } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { drawConvNorm } from "./conv-norm.fixture.js";
import { convNorm, convNormRelu } from "./conv-norm.js";

useOwnKernels();

interface Case {
  images: number;
  size: number;
  inputs: number;
  outputs: number;
  kernel: 1 | 3;
  stride: 1 | 2;
  shortcut: boolean;
  seed: number;
}

/** Layers and tensors of a case, in one precision; the same values each time. */
function draw(one: Case, dtype: DType) {
  const { images, size, inputs, outputs, kernel, stride, seed } = one;
  const rng = new Rng(seed);
  const placement = { dtype, memoryFormat: "channels_last" } as const;
  const geometry = { inChannels: inputs, outChannels: outputs, kernel, stride, padding: (kernel - 1) / 2 };
  const { conv, norm } = drawConvNorm(rng, geometry, dtype);
  const side = Math.ceil(size / stride);
  const image = (channels: number, width: number): Tensor =>
    rng.normal([images, channels, width, width]).to(placement);
  const x = image(inputs, size).setRequiresGrad();
  const shortcut = image(outputs, side).setRequiresGrad();
  return { conv, norm, x, shortcut: one.shortcut ? shortcut : null, dy: image(outputs, side) };
}

type Drawn = ReturnType<typeof draw>;
const fused = ({ x, conv, norm, shortcut }: Drawn): Tensor => convNormRelu(x, conv, norm, shortcut);

/** Before the ReLU, one operator after the other. */
function stepwise({ x, conv, norm, shortcut }: Drawn): Tensor {
  const y = norm.forward(conv.forward(x));
  return shortcut === null ? y : y.add_(shortcut);
}

/** What comes out and every gradient, by name. */
function results(drawn: Drawn, y: Tensor): Record<string, Tensor> {
  const { conv, norm, x, shortcut, dy } = drawn;
  const inputs = {
    x,
    weight: conv.weight,
    scale: norm.weight,
    shift: norm.bias,
    ...(shortcut && { shortcut }),
  };
  const gradients = grad([y], Object.values(inputs), { gradients: [dy] });
  const named = Object.keys(inputs).map((name, index) => [`gradient of ${name}`, gradients[index]!] as const);
  return { y: y.detach(), mean: norm.runningMean, variance: norm.runningVar, ...Object.fromEntries(named) };
}

function dispose({ conv, norm }: Drawn): void {
  conv[Symbol.dispose]();
  norm[Symbol.dispose]();
}

const eights = (most: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: most / 8 }).map((n) => 8 * n);
const cases: fc.Arbitrary<Case> = fc.record({
  images: fc.integer({ min: 1, max: 3 }),
  size: fc.integer({ min: 3, max: 11 }),
  inputs: eights(32),
  outputs: eights(32),
  kernel: fc.constantFrom<1 | 3>(1, 3),
  stride: fc.constantFrom<1 | 2>(1, 2),
  shortcut: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1 << 20 }),
});

// Rounding may put an activation on the other side of zero, which changes gradients by more than all rounding.
const clearOfZero = (y: Tensor): boolean => y.detach().abs().min().item() > 1e-5;

describe("against float64", () => {
  test("training: output, running statistics and every gradient", () => {
    const check = (one: Case): void => {
      using _ = scope();
      const [found, exact] = [draw(one, "float32"), draw(one, "float64")];
      const before = stepwise(exact);
      const usable = clearOfZero(before);
      if (usable) {
        const expected = results(exact, before.relu());
        const own = results(found, fused(found));
        for (const [name, tensor] of Object.entries(expected)) expectAccurate(own[name]!, tensor, name);
      }
      dispose(found);
      dispose(exact);
      fc.pre(usable);
    };
    fc.assert(fc.property(cases, check), { numRuns: 40, seed: 7 });
  });

  test("evaluation without gradients: the norm is folded into the convolution", () => {
    const check = (one: Case): void => {
      using _scope = scope();
      using _noGrad = noGrad();
      const [found, exact] = [draw(one, "float32"), draw(one, "float64")];
      for (const { norm } of [found, exact]) norm.eval();
      expectAccurate(fused(found), stepwise(exact).relu(), "with ReLU");
      const { x, conv, norm } = exact;
      expectAccurate(convNorm(found.x, found.conv, found.norm), norm.forward(conv.forward(x)), "without");
      dispose(found);
      dispose(exact);
    };
    fc.assert(fc.property(cases, check), { numRuns: 40, seed: 8 });
  });
});

const usual: Case = {
  images: 3,
  size: 9,
  inputs: 16,
  outputs: 16,
  kernel: 3,
  stride: 1,
  shortcut: true,
  seed: 3,
};

test("what is folded follows the weights", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  for (const stride of [1, 2] as const) {
    const drawn = draw({ ...usual, stride }, "float32");
    drawn.norm.eval();
    const first = fused(drawn);
    drawn.norm.weight.mul_(2);
    drawn.norm.bias.mul_(2);
    drawn.shortcut!.mul_(2);
    expect(fused(drawn).allclose(first.mul(2), { rtol: 1e-4, atol: 1e-5 })).toBe(true);
    drawn.conv.weight.zero_();
    drawn.norm.runningMean.zero_();
    const expected = drawn.norm.bias.view([1, -1, 1, 1]).add(drawn.shortcut!).relu();
    expect(fused(drawn).allclose(expected, { rtol: 1e-5, atol: 1e-6 })).toBe(true);
    dispose(drawn);
  }
});

test("evaluation with gradients is libtorch's batch norm, with gradients for the weights", () => {
  using _ = scope();
  const drawn = draw(usual, "float32");
  drawn.norm.eval();
  const y = fused(drawn);
  expect(y.equal(stepwise(drawn).relu())).toBe(true);
  y.sum().backward();
  expect(drawn.norm.weight.grad).not.toBeNull();
  dispose(drawn);
});

test("training moves the running statistics and counts the batch, without gradients too", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  const [found, expected] = [draw(usual, "float32"), draw(usual, "float32")];
  fused(found);
  stepwise(expected);
  expect(found.norm.numBatchesTracked.item()).toBe(1);
  expect(found.norm.runningVar.allclose(expected.norm.runningVar, { rtol: 1e-5, atol: 1e-6 })).toBe(true);
  dispose(found);
  dispose(expected);
});

test.each([1, 2, 3])("%i threads give the same bits each time, whichever does which chunk", (count) => {
  setThreads(count);
  for (const one of [usual, { ...usual, images: 40, size: 16 }]) {
    using _ = scope();
    const run = (): Record<string, Tensor> => {
      const drawn = draw(one, "float32");
      return results(drawn, fused(drawn));
    };
    const first = run();
    for (let again = 0; again < 4; again++)
      for (const [name, tensor] of Object.entries(run())) expect(tensor.equal(first[name]!), name).toBe(true);
  }
  setThreads(2);
});

describe("libtorch computes", () => {
  const same = (drawn: Drawn): void => {
    const again = draw(usual, drawn.x.dtype);
    again.norm.train(drawn.norm.training);
    expect(fused(drawn).equal(stepwise(again).relu())).toBe(true);
    dispose(drawn);
    dispose(again);
  };

  test("doubles", () => {
    using _ = scope();
    same(draw(usual, "float64"));
  });

  test("lower precision", () => {
    using _scope = scope();
    using _autocast = autocast("bfloat16");
    same(draw(usual, "float32"));
  });

  test.each(["training", "evaluation"])("everything where the setting says so: %s", (mode) => {
    using _scope = scope();
    using _noGrad = noGrad();
    setKernels("libtorch");
    const drawn = draw(usual, "float32");
    drawn.norm.train(mode === "training");
    same(drawn);
    setKernels("always");
  });
});

test("steps leave no tensor behind", () => {
  const step = (): void => {
    using _ = scope();
    const drawn = draw(usual, "float32");
    fused(drawn);
    dispose(drawn);
  };
  step();
  const before = memory();
  for (let i = 0; i < 3; i += 1) step();
  expect(memory()).toEqual(before);
});
