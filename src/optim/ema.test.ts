import { afterEach, beforeEach, expect, test } from "vitest";
import { ones, tensor, zeros } from "../torch/create.js";
import { noGrad } from "../torch/autograd.js";
import { memory, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { EmaWeights, averagesOf } from "./ema.js";

/** A trained parameter, a frozen one and a counter. */
function model(): { trained: Tensor; frozen: Tensor; counter: Tensor } & ConstructorParameters<
  typeof EmaWeights
>[0] {
  const trained = tensor([1, 2]).setRequiresGrad();
  const frozen = tensor([5]);
  const counter = zeros([], { dtype: "int64" });
  return {
    trained,
    frozen,
    counter,
    namedParameters: () => [
      ["a.trained", trained],
      ["a.frozen", frozen],
    ],
    stateDict: () =>
      new Map([
        ["a.trained", trained],
        ["a.frozen", frozen],
        ["a.counter", counter],
      ]),
  };
}

let open: Disposable;
beforeEach(() => (open = scope()));
afterEach(() => open[Symbol.dispose]());

const averaged = (ema: EmaWeights, name = "a.trained"): number[] => ema.stateDict().get(name)!.toList();
const add = (value: Tensor, amount: number): void => {
  using _ = noGrad();
  value.add_(amount);
};

test("averages trained parameters, copies the rest", () => {
  const own = model();
  using ema = new EmaWeights(own, { decay: 0.75, warmup: false });
  let expected = [1, 2];
  for (let step = 1; step <= 3; step += 1) {
    add(own.trained, 1);
    add(own.frozen, 1);
    own.counter.add_(1n);
    ema.update();
    expected = expected.map((average, i) => 0.75 * average + 0.25 * (i + 1 + step));
  }
  averaged(ema).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  expect(averaged(ema, "a.frozen")).toEqual([8]);
  expect(averaged(ema, "a.counter")).toEqual([3]);
});

test("warm-up: the decay of step t is (1 + t) / (10 + t) until it reaches its value", () => {
  const own = model();
  using ema = new EmaWeights(own, { decay: 0.2, warmup: true });
  add(own.trained, 1);
  ema.update(); // decay 2 / 11
  expect(averaged(ema)[0]).toBeCloseTo((2 / 11) * 1 + (9 / 11) * 2, 5);
  ema.update(); // decay 0.2, less than 3 / 12
  expect(averaged(ema)[0]).toBeCloseTo(0.2 * ((2 / 11) * 1 + (9 / 11) * 2) + 0.8 * 2, 5);
});

test("applied: the model has the averages until the block ends, then exactly its own weights", () => {
  const own = model();
  using ema = new EmaWeights(own, { decay: 0.5, warmup: false });
  add(own.trained, 1);
  ema.update();
  {
    using _ = ema.applied();
    expect(own.trained.toList()).toEqual([1.5, 2.5]);
    expect(own.trained.requiresGrad).toBe(true);
  }
  expect(own.trained.toList()).toEqual([2, 3]);
  expect(averaged(ema)).toEqual([1.5, 2.5]);
});

test("a saved state continues as if nothing had happened; averages alone are a model's state", () => {
  const own = model();
  using first = new EmaWeights(own, { decay: 0.999, warmup: true });
  add(own.trained, 1);
  first.update();
  using second = new EmaWeights(own, { decay: 0.999, warmup: true });
  second.loadStateDict(first.stateDict());
  add(own.trained, 1);
  first.update();
  second.update();
  expect(averaged(second)).toEqual(averaged(first));
  expect([...averagesOf(first.stateDict()).keys()]).toEqual(["a.trained", "a.frozen", "a.counter"]);
  first.restart();
  expect(averaged(first)).toEqual(own.trained.toList());
});

test("a state of another model is refused by name, and nothing has changed", () => {
  const own = model();
  using ema = new EmaWeights(own, { decay: 0.5, warmup: false });
  const other = new Map(ema.stateDict()).set("a.frozen", ones([2]));
  expect(() => ema.loadStateDict(other)).toThrowErrorMatchingInlineSnapshot(
    `[CheckpointError: moving averages: "a.frozen": expected shape [1], found [2]]`,
  );
  other.delete("a.frozen");
  expect(() => ema.loadStateDict(other)).toThrowErrorMatchingInlineSnapshot(
    `[CheckpointError: moving averages: "a.frozen": expected shape [1], found no such tensor]`,
  );
  expect(averaged(ema)).toEqual([1, 2]);
});

test("an update leaves nothing behind, and dispose frees the averages", () => {
  const own = model();
  const before = memory().live;
  const ema = new EmaWeights(own, { decay: 0.5, warmup: false });
  expect(memory().live).toBe(before + 3);
  ema.update();
  ema.applied()[Symbol.dispose]();
  expect(memory().live).toBe(before + 3);
  ema[Symbol.dispose]();
  expect(memory().live).toBe(before);
});
