import { expect, test } from "vitest";
import { CheckpointError } from "../support/errors.js";
import { tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import { LossScaler } from "./loss-scaler.js";
import { Sgd } from "./sgd.js";

const SMALL = 2 ** -20; // float16 has it, but not its product with 2^-10
const LARGE = 2 ** 10;

/** One step on loss = Σ x · SMALL · θ, by way of float16, for θ = 1. The gradient is x · SMALL. */
function step(optimizer: Sgd, scaler: LossScaler | null, theta: ReturnType<typeof tensor>, x: number): void {
  using _ = scope();
  optimizer.zeroGrad();
  const loss = theta.to({ dtype: "float16" }).mul(x).to({ dtype: "float32" }).mul(SMALL).sum();
  (scaler?.scaled(loss) ?? loss).backward();
  optimizer.step({ scaler });
}

test("a gradient too small for float16 arrives when the loss is scaled", () => {
  using _ = scope();
  const moved = [null, new LossScaler()].map((scaler) => {
    const theta = tensor([0]).setRequiresGrad();
    step(new Sgd([theta], { lr: 1 }), scaler, theta, 2 ** -10);
    scaler?.[Symbol.dispose]();
    return theta.item();
  });
  expect(moved).toEqual([0, -(2 ** -30)]);
});

test("a step whose gradients overflow changes nothing but the scale, which halves", () => {
  using _ = scope();
  const theta = tensor([1]).setRequiresGrad();
  const optimizer = new Sgd([theta], { lr: 0.5, momentum: 0.9, weightDecay: 0.1, clipNorm: 1 });
  const scaler = new LossScaler({ initial: 2 ** 24 });
  step(optimizer, scaler, theta, LARGE * 64); // 2^24 · 2^-20 · 2^16: above float16's largest, 65504
  expect(theta.item()).toBe(1);
  expect([...optimizer.stateDict().values()].map((velocity) => velocity.item())).toEqual([0]);
  expect(scaler.scale).toBe(2 ** 23);
  step(optimizer, scaler, theta, LARGE); // fits now
  expect(theta.item()).toBeLessThan(1);
  expect(scaler.scale).toBe(2 ** 23);
  optimizer[Symbol.dispose]();
  scaler[Symbol.dispose]();
});

test("gradients are unscaled before they are clipped", () => {
  using _ = scope();
  const theta = tensor([0]).setRequiresGrad();
  const optimizer = new Sgd([theta], { lr: 1, clipNorm: 2 });
  const scaler = new LossScaler({ initial: 8 });
  theta.mul(16).sum().mul(8).backward();
  expect(optimizer.step({ scaler }).gradNorm!.item()).toBe(16);
  expect(theta.item()).toBeCloseTo(-2, 5);
  scaler[Symbol.dispose]();
});

test("the scale grows after enough finite steps in a row, and a saved one goes on counting", () => {
  using _ = scope();
  const theta = tensor([1]).setRequiresGrad();
  const optimizer = new Sgd([theta], { lr: 0 });
  const [first, second] = [
    new LossScaler({ initial: 4, interval: 3 }),
    new LossScaler({ initial: 1, interval: 3 }),
  ];
  for (let i = 0; i < 2; i += 1) step(optimizer, first, theta, 1);
  second.loadStateDict(first.stateDict());
  for (const scaler of [first, second]) {
    expect(scaler.scale).toBe(4);
    step(optimizer, scaler, theta, 1);
    expect(scaler.scale).toBe(8);
  }
  expect(() => {
    second.loadStateDict(new Map());
  }).toThrow(CheckpointError);
  for (const scaler of [first, second]) scaler[Symbol.dispose]();
});

test("a step leaves no tensor behind", () => {
  using _ = scope();
  const theta = tensor([1]).setRequiresGrad();
  const optimizer = new Sgd([theta], { lr: 1, clipNorm: 1 });
  const scaler = new LossScaler();
  step(optimizer, scaler, theta, 1);
  optimizer.zeroGrad();
  const before = memory().live;
  step(optimizer, scaler, theta, 1);
  optimizer.zeroGrad();
  expect(memory().live).toBe(before);
  scaler[Symbol.dispose]();
});
