import { afterEach, expect, test } from "vitest";
import type { Batch } from "../data/loader/loader.js";
import type { TrainingEvent, Untimed } from "../runs/events.js";
import { StepLog } from "./step-log.js";
import type { StepOutcome } from "./step.js";
import { readNow, type Stepped, Steps } from "./steps.js";
import { toyRecipe } from "./toy.fixture.js";

const STEPS = 9;
const emitted: Untimed<TrainingEvent>[] = [];
afterEach(() => {
  emitted.length = 0;
});

/** An epoch of batches of two images, which are their step's number plus 10. */
function* batches(_epoch: number, { fromStep = 0 } = {}): Generator<Batch, void, undefined> {
  for (let step = fromStep; step < STEPS; step += 1)
    yield { indices: Int32Array.of(10 + step), total: 2 } as unknown as Batch;
}

const recipe = toyRecipe("data");
const loaders = { train: { stepsPerEpoch: STEPS, epoch: batches } };
const training = {
  recipe,
  phase: { start: 0 },
  loaders,
  trainee: { optimizer: { lr: 0 }, ema: null },
} as unknown as Stepped;

/** Logs steps of the second epoch that have these outcomes; how many events there are after each, and after all. */
function logged(outcomes: readonly Partial<StepOutcome>[], lag: 0 | 1): number[] {
  const data = { trainSubset: { describe: (index: number) => `image ${index}` } };
  const run = { recipe, loaders, data, emit: (event: Untimed<TrainingEvent>) => emitted.push(event) };
  const log = new StepLog(run as unknown as ConstructorParameters<typeof StepLog>[0]);
  const left = [...outcomes];
  const executor = {
    run: () => {
      const outcome = { loss: 1, correct: 1, gradNorm: null, scale: null, ...left.shift() };
      return readNow({ terms: { crossEntropy: outcome.loss }, ...outcome });
    },
    lag,
    startEpoch: () => undefined,
    graphBlocker: null,
    [Symbol.dispose]: () => undefined,
  };
  using steps = new Steps(training, { executor, from: { epoch: 1, step: 0 } });
  const counts: number[] = [];
  for (const { completed } of steps) {
    log.add(completed);
    counts.push(emitted.length);
    if (left.length === 0) break;
  }
  log.add(steps.finish());
  return [...counts, emitted.length];
}

test("steps are logged in order, one or none later than they are run", () => {
  expect(logged([{}, {}, {}], 0)).toEqual([1, 2, 3, 3]);
  emitted.length = 0;
  expect(logged([{}, {}, {}], 1)).toEqual([0, 1, 2, 3]);
  expect(emitted).toMatchObject(
    [1, 2, 3].map((step) => ({ type: "step", epoch: 2, step, loss: 1, accuracy: 50 })),
  );
  expect(emitted[0]).not.toHaveProperty("scale");
});

test.each([0, 1] as const)("a scale that fell too far ends the run, logged %d steps late", (lag) => {
  const scales = [2, 2 ** -14, 2 ** -15, 2 ** -16];
  expect(() =>
    logged(
      scales.map((scale) => ({ scale })),
      lag,
    ),
  ).toThrow(/fell to 3\.1e-5 in epoch 2, step 3 of 9.*Images of the batch: image 12\./s);
  expect(emitted).toHaveLength(2);
  expect(() => logged([{ scale: NaN }], lag)).toThrow(/fell to NaN/);
});
