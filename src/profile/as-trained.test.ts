import { expect, test } from "vitest";
import { memory } from "../torch/scope.js";
import { prepare } from "../training/prepare.js";
import { toyFolder } from "../training/toy-folder.fixture.js";
import { toyRecipe } from "../training/toy.fixture.js";
import { timeAsTrained } from "./as-trained.js";

const at = toyFolder("file");

test("steps go on from where they are told to, over epochs, and are all read", async () => {
  const recipe = toyRecipe(at("data"), { ema: { decay: 0.9, warmup: true }, precision: "bfloat16" });
  const run = async (): Promise<void> => {
    using training = await prepare(recipe, "cpu");
    const found = await timeAsTrained(training, { warmup: 0, steps: 5, from: { epoch: 0, step: 3 } });
    expect(found.notRecorded).toBeNull();
    expect(found.imagesPerSecond * found.step).toBeCloseTo(1000 * ((4 * 8 + 2) / 5), 6); // an epoch's 6th batch has 2
  };
  await run();
  const before = memory();
  await run();
  expect(memory()).toEqual(before);
});

test("it can be interrupted", async () => {
  using training = await prepare(toyRecipe(at("data")), "cpu");
  const controller = new AbortController();
  const reason = new Error("interrupted");
  controller.abort(reason);
  const { signal } = controller;
  const from = { epoch: 0, step: 0 };
  await expect(timeAsTrained(training, { warmup: 0, steps: 1, from, signal })).rejects.toBe(reason);
});
