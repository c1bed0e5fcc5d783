import { expect, test } from "vitest";
import type { Batch } from "../data/loader/loader.js";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import { readLater, readNow, stepContext, type StepExecutor, type Stepped, Steps } from "./steps.js";
import { toyRecipe } from "./toy.fixture.js";

const step = (values: number[]) => ({ names: ["ce"], clipped: true, scaled: true, values: tensor(values) });

test("what a step told stays, though the next one writes over it and its scope ends", () => {
  const before = memory();
  const [first, second] = (() => {
    using _scope = scope();
    using _noGrad = noGrad();
    const reported = step([3, 1.5, 1.5, 0.5, 1024]);
    const one = readLater(reported);
    reported.values.copy_(tensor([4, 1, 1, 0.25, 512]));
    return [one, readLater(reported)];
  })();
  expect(first.read()).toEqual({ correct: 3, loss: 1.5, terms: { ce: 1.5 }, gradNorm: 0.5, scale: 1024 });
  expect(second.read()).toEqual({ correct: 4, loss: 1, terms: { ce: 1 }, gradNorm: 0.25, scale: 512 });
  expect(memory()).toEqual(before);
});

test("one that nobody reads is let go of", () => {
  using _ = scope();
  const values = step([3, 1.5, 1.5, 0.5, 1]);
  const before = memory();
  readLater(values)[Symbol.dispose]();
  expect(memory()).toEqual(before);
});

const readings: number[] = [];
const executor = (lag: 0 | 1): StepExecutor => ({
  run: () => readNow({ loss: 1, terms: {}, correct: 1, gradNorm: null, scale: null }),
  lag,
  startEpoch: () => undefined,
  graphBlocker: null,
  [Symbol.dispose]: () => undefined,
});

/** A training of three steps an epoch that does nothing; `readings` says which batches were drawn. */
function training(): Stepped {
  const epoch = function* (number: number, { fromStep = 0 } = {}): Generator<Batch, void, undefined> {
    for (let step = fromStep; step < 3; step += 1) {
      readings.push(10 * number + step);
      yield { indices: Int32Array.of(step), total: 4 } as unknown as Batch;
    }
  };
  const trainee = { optimizer: { lr: 0 }, ema: null };
  const loaders = { train: { stepsPerEpoch: 3, epoch } };
  return {
    recipe: toyRecipe("data"),
    phase: { start: 0 },
    stepsBefore: 0,
    trainee,
    loaders,
  } as unknown as Stepped;
}

test("steps go on over epochs from where they are told to, and say where they end", () => {
  readings.length = 0;
  using steps = new Steps(training(), { executor: executor(0), from: { epoch: 1, step: 2 }, epochs: 2 });
  const positions = Array.from(steps, ({ position }) => [position.epoch, position.step]);
  expect(positions).toEqual([
    [2, 0],
    [2, 1],
    [2, 2],
    [3, 0],
  ]);
  expect(readings).toEqual([12, 20, 21, 22]);
  expect(steps.position).toEqual({ epoch: 3, step: 0 });
});

test("a step is read a step later where the executor lags; finish reads the rest", () => {
  using steps = new Steps(training(), { executor: executor(1), from: { epoch: 0, step: 0 } });
  const read = Array.from(steps, ({ completed }) => completed.map(({ at }) => at.step));
  expect(read).toEqual([[], [0], [1]]);
  expect(steps.finish().map(({ at }) => at.step)).toEqual([2]);
  expect(steps.finish()).toEqual([]);
});

test("no step is begun once the signal is aborted", () => {
  const controller = new AbortController();
  const { signal } = controller;
  using steps = new Steps(training(), { executor: executor(0), from: { epoch: 0, step: 0 }, signal });
  const begun = Array.from(steps, ({ position }) => {
    controller.abort();
    return position.step;
  });
  expect(begun).toEqual([1]);
});

test("a step is told where in its training it is", () => {
  const run = {
    recipe: { epochs: 7 },
    phase: { start: 0 },
    stepsBefore: 0,
    loaders: { train: { stepsPerEpoch: 4 } },
  } as unknown as Stepped;
  expect(stepContext(run, { epoch: 2, step: 3 })).toEqual({
    step: 11,
    epoch: 2,
    epochs: 7,
    stepsPerEpoch: 4,
  });
});
