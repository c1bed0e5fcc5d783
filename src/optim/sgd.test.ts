import fc from "fast-check";
import { expect, test } from "vitest";
import { tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Sgd, type SgdOptions } from "./sgd.js";

function parameter(values: readonly number[]): Tensor {
  return tensor(Float64Array.from(values)).setRequiresGrad();
}

/** PyTorch's update of one number, written out. */
function reference(
  start: number,
  gradients: readonly number[],
  options: Required<Omit<SgdOptions, "factors">>,
): number {
  let [theta, velocity] = [start, 0];
  gradients.forEach((gradient, step) => {
    const g = gradient + options.weightDecay * theta;
    velocity = step === 0 ? g : options.momentum * velocity + g;
    if (options.momentum === 0) theta -= options.lr * g;
    else theta -= options.lr * (options.nesterov ? g + options.momentum * velocity : velocity);
  });
  return theta;
}

test("follows PyTorch's SGD for any setting", () => {
  const number = fc.double({ min: -2, max: 2, noNaN: true });
  const settings = fc.record({
    lr: fc.double({ min: 0.001, max: 1, noNaN: true }),
    momentum: fc.constantFrom(0, 0.5, 0.9),
    nesterov: fc.boolean(),
    weightDecay: fc.constantFrom(0, 2e-4, 0.1),
    clipNorm: fc.constant(null),
  });
  fc.assert(
    fc.property(
      number,
      fc.array(number, { minLength: 1, maxLength: 4 }),
      settings,
      (start, gradients, options) => {
        using _ = scope();
        const theta = parameter([start]);
        const optimizer = new Sgd([theta], options);
        for (const gradient of gradients) {
          theta.grad = tensor(Float64Array.of(gradient));
          optimizer.step();
        }
        expect(theta.item()).toBeCloseTo(reference(start, gradients, options), 10);
        optimizer[Symbol.dispose]();
      },
    ),
    { numRuns: 60 },
  );
});

test("leaves parameters without a gradient alone, even with weight decay", () => {
  using _ = scope();
  const [a, b] = [parameter([1]), parameter([1])];
  const optimizer = new Sgd([a, b], { lr: 1, momentum: 0.9, weightDecay: 0.5 });
  b.grad = tensor(Float64Array.of(1));
  optimizer.step();
  expect([a.item(), b.item()]).toEqual([1, -0.5]);
  expect([...optimizer.stateDict().keys()]).toEqual(["momentum_buffer.1"]);
  a.grad = tensor(Float64Array.of(1)); // its first gradient, in the second step
  optimizer.step();
  expect(a.item()).toBe(-0.5);
  optimizer[Symbol.dispose]();
});

test("clips the norm of all gradients together and tells what it was", () => {
  using _ = scope();
  const [a, b] = [parameter([0]), parameter([0, 0])];
  const optimizer = new Sgd([a, b], { lr: 1, clipNorm: 1 });
  a.grad = tensor(Float64Array.of(3));
  b.grad = tensor(Float64Array.of(0, 4));
  expect(optimizer.step().gradNorm!.item()).toBeCloseTo(5, 12);
  expect(a.item()).toBeCloseTo(-0.6, 6);
  expect(b.toList()[1]).toBeCloseTo(-0.8, 6);
  optimizer.zeroGrad();
  expect(a.grad).toBeNull();
  a.grad = tensor(Float64Array.of(0.25)); // below the limit: as it is
  optimizer.step();
  expect(a.item()).toBeCloseTo(-0.85, 6);
});

test("a saved state continues as if nothing had happened", () => {
  using _ = scope();
  const options = { lr: 0.1, momentum: 0.9, nesterov: true };
  const [a, b] = [parameter([1, 2]), parameter([1, 2])];
  const gradient = tensor(Float64Array.of(1, -1));
  const [first, second] = [new Sgd([a], options), new Sgd([b], options)];
  a.grad = gradient.clone();
  first.step();
  b.detach().copy_(a.detach());
  second.loadStateDict(first.stateDict());
  b.grad = gradient.clone();
  first.step();
  second.step();
  expect(b.toList()).toEqual(a.toList());
  first[Symbol.dispose]();
  second[Symbol.dispose]();
});

test("a state of other parameters is refused by name", () => {
  using _ = scope();
  const optimizer = new Sgd([parameter([1, 2])], { lr: 0.1, momentum: 0.9 });
  const load = (name: string, values: number[]) => () =>
    optimizer.loadStateDict(new Map([[name, tensor(values)]]));
  expect(load("momentum_buffer.0", [1])).toThrowErrorMatchingInlineSnapshot(
    `[CheckpointError: optimizer state: "momentum_buffer.0": expected shape [2], found [1]]`,
  );
  expect(load("momentum_buffer.7", [1])).toThrowErrorMatchingInlineSnapshot(
    `[CheckpointError: optimizer state: "momentum_buffer.7": expected no such tensor, found one]`,
  );
});

test("a step leaves nothing behind but the momentum of the first", () => {
  using _ = scope();
  const theta = parameter([1]);
  const optimizer = new Sgd([theta], {
    lr: 0.1,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 0.1,
    clipNorm: 1,
  });
  theta.grad = tensor(Float64Array.of(1));
  const before = memory().live;
  const step = (): void => {
    using _step = scope();
    optimizer.step();
  };
  step();
  step();
  expect(memory().live).toBe(before + 1);
  optimizer[Symbol.dispose]();
  expect(memory().live).toBe(before);
});

test("the rate may lie on the device, where a recorded step would read it", () => {
  using _ = scope();
  const [a, b] = [tensor([1, 2]).setRequiresGrad(), tensor([1, 2]).setRequiresGrad()];
  const [passed, kept] = [a, b].map((theta) => new Sgd([theta], { lr: 0.1, momentum: 0.9 })) as [Sgd, Sgd];
  kept.keepRateOnDevice();
  for (const rate of [0.1, 0.05, 1e-4]) {
    for (const theta of [a, b]) theta.grad = tensor([0.3, -0.7]);
    for (const optimizer of [passed, kept]) {
      optimizer.lr = rate;
      optimizer.step();
    }
    expect(b.toList()).toEqual(a.toList());
  }
  passed[Symbol.dispose]();
  kept[Symbol.dispose]();
});
