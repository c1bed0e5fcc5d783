/** Chains of residual blocks as one operator, against their operators one by one in float64. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { expectAccurate } from "../torch/against-float64.fixture.js";
import { useOwnKernels } from "../torch/own-kernels.fixture.js";
import { grad, noGrad } from "../torch/autograd.js";
import type { DType } from "../torch/dispatch.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { setKernels } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { Conv2d } from "./conv2d.js";
import { ResidualBlock, ResidualStage } from "./residual.js";

useOwnKernels();

class Plain extends ResidualBlock {
  override readonly keepsShape = true;

  constructor(channels: number, rng: Rng) {
    const [conv1, conv2] = [1, 2].map(
      () => new Conv2d({ inChannels: channels, outChannels: channels, kernel: 3, padding: 1, rng }),
    );
    super({ conv1: conv1!, conv2: conv2!, channels });
    const scale = { low: 0.5, high: 1.5 };
    for (const { weight, bias } of [this.bn1, this.bn2]) {
      weight.detach().copy_(rng.uniform([channels], scale));
      bias.detach().copy_(rng.normal([channels]));
    }
  }

  protected override shortcut(x: Tensor): Tensor {
    return x;
  }
}

interface Case {
  images: number;
  height: number;
  width: number;
  channels: number;
  blocks: number;
  seed: number;
}

function draw({ images, height, width, channels, blocks, seed }: Case, dtype: DType) {
  const rng = new Rng(seed);
  const placement = { dtype, memoryFormat: "channels_last" } as const;
  const layers = Array.from({ length: blocks }, () => new Plain(channels, rng));
  const stage = new ResidualStage(layers).to(placement);
  const image = (): Tensor => rng.normal([images, channels, height, width]).to(placement);
  return { stage, layers, x: image().setRequiresGrad(), dy: image() };
}

type Drawn = ReturnType<typeof draw>;

/** Operator by operator; the smallest distance of an activation to zero comes with it. */
function stepwise({ layers, x }: Drawn): { y: Tensor; nearest: number } {
  let nearest = Infinity;
  const relu = (value: Tensor): Tensor => {
    nearest = Math.min(nearest, value.detach().abs().min().item());
    return value.relu();
  };
  const y = layers.reduce((value, { conv1, bn1, conv2, bn2 }) => {
    const inner = relu(bn1.forward(conv1.forward(value)));
    return relu(bn2.forward(conv2.forward(inner)).add(value));
  }, x);
  return { y, nearest };
}

/** What comes out, the running statistics, and the gradients of x and every parameter. */
function results({ stage, x, dy }: Drawn, y: Tensor): [string, Tensor][] {
  const named = stage.namedParameters();
  const inputs = [x, ...named.map(([, tensor]) => tensor)];
  const gradients = grad([y], inputs, { gradients: [dy] });
  const names = ["x", ...named.map(([name]) => name)];
  const statistics = stage.namedBuffers().filter(([name]) => name.includes("running"));
  return [
    ["y", y.detach()],
    ...statistics,
    ...names.map((name, index): [string, Tensor] => [`gradient of ${name}`, gradients[index]!]),
  ];
}

const cases: fc.Arbitrary<Case> = fc.record({
  images: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 2, max: 9 }),
  width: fc.integer({ min: 2, max: 9 }),
  channels: fc.integer({ min: 1, max: 4 }).map((n) => 8 * n),
  blocks: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 1, max: 1 << 20 }),
});

test("training: output, running statistics and every gradient against float64", () => {
  const check = (one: Case): void => {
    using _ = scope();
    const [found, exact] = [draw(one, "float32"), draw(one, "float64")];
    const { y, nearest } = stepwise(exact);
    const usable = nearest > 1e-5; // else rounding may put an activation on the other side of zero
    if (usable) {
      const own = new Map(results(found, found.stage.forward(found.x)));
      for (const [name, tensor] of results(exact, y)) expectAccurate(own.get(name)!, tensor, name);
    }
    found.stage[Symbol.dispose]();
    exact.stage[Symbol.dispose]();
    fc.pre(usable);
  };
  fc.assert(fc.property(cases, check), { numRuns: 30, seed: 9 });
});

const usual: Case = { images: 2, height: 8, width: 6, channels: 16, blocks: 3, seed: 4 };

test("the same bits each time, and without gradients the same output", () => {
  using _ = scope();
  const run = (): [string, Tensor][] => {
    const drawn = draw(usual, "float32");
    return results(drawn, drawn.stage.forward(drawn.x));
  };
  const first = new Map(run());
  for (const [name, tensor] of run()) expect(tensor.equal(first.get(name)!), name).toBe(true);
  using _noGrad = noGrad();
  const drawn = draw(usual, "float32");
  const y = drawn.stage.forward(drawn.x);
  expect(y.allclose(first.get("y")!, { rtol: 1e-4, atol: 1e-5 })).toBe(true);
});

test("every batch is counted, in training only", () => {
  using _ = scope();
  const { stage, layers, x } = draw(usual, "float32");
  stage.forward(x);
  stage.eval().forward(x);
  for (const { bn1, bn2 } of layers)
    expect([bn1, bn2].map((norm) => norm.numBatchesTracked.item())).toEqual([1, 1]);
});

test("a second derivative is refused, and says what can", () => {
  using _ = scope();
  const { stage, x } = draw(usual, "float32");
  const y = stage.forward(x).sum();
  expect(() => grad([y], [x], { createGraph: true })).toThrow(
    /residual_chain: its gradient cannot be differentiated; --kernels libtorch can/,
  );
});

test("libtorch computes everything where the setting says so", () => {
  using _scope = scope();
  setKernels("libtorch");
  const [found, expected] = [draw(usual, "float32"), draw(usual, "float32")];
  expect(found.stage.forward(found.x).equal(stepwise(expected).y)).toBe(true);
  setKernels("always");
});
