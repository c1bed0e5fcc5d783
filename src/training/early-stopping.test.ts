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

test.each([
  ["two epochs without a better one", { best: best(3), epoch: 5, step: 0 }, true],
  ["one", { best: best(3), epoch: 4, step: 0 }, false],
  ["within an epoch", { best: best(3), epoch: 5, step: 1 }, false],
  ["before the first evaluation", { best: null, epoch: 5, step: 0 }, false],
])("%s", (_name, progress, stops) => {
  expect(hasStopped({ selection: heldOut }, progress)).toBe(stops);
  expect(hasStopped({ selection: { ...heldOut, patience: null } }, progress)).toBe(false);
  expect(hasStopped({ selection: { kind: "last" } }, progress)).toBe(false);
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
