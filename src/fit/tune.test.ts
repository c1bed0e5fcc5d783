import { describe, expect, test } from "vitest";
import { resolveRecipe } from "../recipes/resolve.js";
import { phasesOf } from "../training/phases.js";
import { planTuning, tunedRecipe } from "./tune.js";

describe("what there is time for", () => {
  const secondsOf = (trainable: "last-stage" | "all"): number => (trainable === "all" ? 0.04 : 0.01);
  const within = (left: number) => planTuning({ images: 1000, secondsOf, left });

  test("the last stage, then the whole network, never more than the time that is left", () => {
    const names = (left: number) =>
      within(left)?.stages.map(({ trainable, epochs }) => `${trainable} ${epochs}`);
    expect(names(60)).toBeUndefined();
    expect(names(65)).toEqual(["last-stage 3"]);
    expect(names(90)).toEqual(["last-stage 4"]);
    expect(names(300)).toEqual(["last-stage 4", "all 2"]);
    expect(names(10_000)).toEqual(["last-stage 4", "all 4"]);
    for (const left of [65, 90, 300, 10_000]) expect(within(left)!.seconds).toBeLessThanOrEqual(left);
  });

  test("no time: nothing is measured", () => {
    const fails = (): number => {
      throw new Error("measured");
    };
    expect(planTuning({ images: 1000, secondsOf: fails, left: -1 })).toBeNull();
  });
});

test("a recipe whose network trains after its classifier, at rates that end near 0", () => {
  const recipe = resolveRecipe(
    {
      name: "photos",
      epochs: 20,
      data: { kind: "image-folder", root: "photos", batch: 128 },
      backbone: "efficientnet-lite0",
      pretrained: { weights: "efficientnet-lite0" },
      freezeBackbone: true,
      freezeBatchNorm: true,
      method: { kind: "balanced-softmax" },
      optimizer: { kind: "sgd", lr: 0.05 },
      schedule: { kind: "cosine" },
      selection: { kind: "last" },
    },
    "a test",
  );
  const stages = [
    { trainable: "last-stage", epochs: 4 },
    { trainable: "all", epochs: 2 },
  ] as const;
  const tuned = tunedRecipe(recipe, { stages, averaged: true, tau: 0.25, images: 6400 });
  expect(tuned.epochs).toBe(26);
  const phases = phasesOf(tuned);
  expect(phases.map(({ name, start, end }) => [name, start, end])).toEqual([
    ["classifier", 0, 20],
    ["last-stage", 20, 24],
    ["all", 24, 26],
  ]);
  const [classifier, lastStage, all] = phases.map((phase) => phase.recipe);
  expect(classifier).toMatchObject({
    freezeBackbone: true,
    data: { batch: 128 },
    optimizer: { kind: "sgd" },
  });
  expect(lastStage).toMatchObject({ freezeBackbone: false, freezeBatchNorm: true, trainable: "last-stage" });
  expect(all).toMatchObject({ trainable: "all", schedule: { kind: "cosine", every: "step", end: 0 } });
  for (const phase of [lastStage!, all!])
    expect(phase.data.train[0]).toMatchObject({ size: 224, interpolation: "bicubic" });
  expect(tuned.adjustment).toEqual({ kind: "logit-adjustment", tau: 0.25 });
  expect(classifier!.ema).toBeNull();
  for (const { ema, epochs } of [lastStage!, all!]) {
    expect(ema).toMatchObject({ warmup: false });
    expect(ema!.decay ** (100 * epochs)).toBeCloseTo(0.1, 2); // of the weights that the stage started from
  }
  const plain = tunedRecipe(recipe, { stages, averaged: false, tau: 0, images: 6400 });
  expect(plain.adjustment).toEqual({ kind: "none" });
  expect(phasesOf(plain).map((phase) => phase.recipe.ema)).toEqual([null, lastStage!.ema, null]);
});
