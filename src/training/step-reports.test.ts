import { expect, test } from "vitest";
import { EpochTotals } from "./epoch-totals.js";
import type { Untimed, TrainingEvent } from "../runs/events.js";
import type { StepOutcome } from "./step.js";
import { StepReports } from "./step-reports.js";
import { readAlready } from "./graph/reading.js";
import { toyRecipe } from "./toy.fixture.js";

const told: Untimed<TrainingEvent>[] = [];
const run = {
  recipe: toyRecipe("data"),
  trainData: { describe: (index: number) => `image ${index}` },
  trainLoader: { stepsPerEpoch: 9 },
  emit: (event: Untimed<TrainingEvent>) => told.push(event),
} as unknown as ConstructorParameters<typeof StepReports>[0];

/** Tells steps of an epoch that have these outcomes; how many are told after each, and after all. */
function reported(outcomes: readonly Partial<StepOutcome>[], behind: number): number[] {
  told.length = 0;
  const reports = new StepReports(run, { epoch: 1, totals: new EpochTotals(), behind });
  const counts = outcomes.map((changes, step) => {
    const outcome = { loss: 1, parts: {}, right: 1, gradNorm: null, scale: null, ...changes };
    const batch = { images: 2, indices: Int32Array.of(10 + step), started: performance.now() };
    reports.add({ step, lr: 0.1, ...batch, reading: readAlready(outcome) });
    return told.length;
  });
  reports.finish();
  return [...counts, told.length];
}

test("steps are told in order, one or none later than they are run", () => {
  expect(reported([{}, {}, {}], 0)).toEqual([1, 2, 3, 3]);
  expect(reported([{}, {}, {}], 1)).toEqual([0, 1, 2, 3]);
  expect(told).toMatchObject(
    [1, 2, 3].map((step) => ({ type: "step", epoch: 2, step, loss: 1, accuracy: 50 })),
  );
  expect(told[0]).not.toHaveProperty("scale");
});

test.each([0, 1])("a scale that fell too far ends the run, told %d steps late", (behind) => {
  const scales = [2, 2 ** -14, 2 ** -15, 2 ** -16];
  expect(() =>
    reported(
      scales.map((scale) => ({ scale })),
      behind,
    ),
  ).toThrow(/fell to 3\.1e-5 in epoch 2, step 3 of 9.*Images of the batch: image 12\./s);
  expect(told).toHaveLength(2);
  expect(() => reported([{ scale: NaN }], behind)).toThrow(/fell to NaN/);
});
