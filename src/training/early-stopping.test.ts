import { expect, test } from "vitest";
import { readResult } from "../runs/read-run.js";
import type { EvaluationEvent } from "../runs/events.js";
import { hasStopped } from "./epochs.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("test");

const heldOut = { kind: "held-out", fraction: 0.25, seed: 0, patience: 2 } as const;
const best = (epoch: number): Parameters<typeof hasStopped>[1]["best"] => ({ epoch, score: 50 });

type Stoppable = Parameters<typeof hasStopped>[0];
const run = (selection: Stoppable["training"]["recipe"]["selection"], every = 1, end = 9): Stoppable => ({
  training: {
    recipe: { selection, evaluation: { ...toyRecipe("data").evaluation, every } },
    phase: { end },
  },
  epochs: 9,
});

test.each([
  ["two epochs without a better one", { best: best(3), epoch: 5, step: 0 }, true],
  ["one", { best: best(3), epoch: 4, step: 0 }, false],
  ["within an epoch", { best: best(3), epoch: 5, step: 1 }, false],
  ["before the first evaluation", { best: null, epoch: 5, step: 0 }, false],
])("%s", (_name, progress, stops) => {
  expect(hasStopped(run(heldOut), progress)).toBe(stops);
  expect(hasStopped(run({ ...heldOut, patience: null }), progress)).toBe(false);
  expect(hasStopped(run({ kind: "last" }), progress)).toBe(false);
});

test("epochs that are not evaluated say nothing about how good they are", () => {
  const stopsAt = [3, 4, 5, 6, 7, 8].filter((epoch) =>
    hasStopped(run(heldOut, 3), { best: best(3), epoch, step: 0 }),
  );
  expect(stopsAt).toEqual([6, 7, 8]);
});

test("a phase before the last one is trained to its end", () => {
  expect(hasStopped(run(heldOut, 1, 6), { best: best(1), epoch: 5, step: 0 })).toBe(false);
});

test("a run that does not get better ends early, with the best epoch's network; resumed, it ends there as well", async () => {
  const still = { ...toyRecipe(at("data")).optimizer, lr: 1e-12 };
  const recipe = toyRecipe(at("data"), {
    epochs: 9,
    optimizer: still,
    selection: heldOut,
    evaluation: { ...toyRecipe(at("data")).evaluation, every: 1 },
    freezeBatchNorm: true,
  });
  const { result, events } = await trainToy(recipe, at("run"));
  expect(result.reason).toBe("finished");
  const evaluated = events.filter((event): event is EvaluationEvent => event.type === "evaluation");
  expect(evaluated.map(({ split, epoch }) => `${split} ${epoch}`)).toEqual([
    "held-out 1",
    "held-out 2",
    "held-out 3",
    "test 3",
    "test 1",
  ]);
  const { epoch, lastEpoch, selectedOn } = readResult(at("run"));
  expect([epoch, lastEpoch.epoch, selectedOn]).toEqual([1, 3, "held-out"]);

  const interruption = new AbortController();
  const stop = (event: { readonly type: string }): void => {
    if (event.type === "epoch") interruption.abort();
  };
  await trainToy(recipe, at("stopped"), { listeners: [stop], signal: interruption.signal });
  const resumed = await trainToy(recipe, at("stopped"), { resume: true });
  expect(resumed.result.evaluation).toEqual(result.evaluation);
});

test("in phases, the first one has all its epochs and the last one ends early", async () => {
  const base = toyRecipe(at("data"));
  const recipe = toyRecipe(at("data"), {
    epochs: 10,
    phases: [
      { name: "one", epochs: 4, resetClassifier: false },
      { name: "two", epochs: 6, resetClassifier: false },
    ],
    optimizer: { ...base.optimizer, lr: 1e-12 },
    selection: heldOut,
    evaluation: { ...base.evaluation, every: 1 },
    freezeBatchNorm: true,
  });
  const { events } = await trainToy(recipe, at("phases"));
  const trained = events.flatMap((event) => (event.type === "epoch" ? [event.epoch] : []));
  expect(trained).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(readResult(at("phases"))).toMatchObject({ epoch: 5, lastEpoch: { epoch: 7 } });
});
