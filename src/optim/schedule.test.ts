import { expect, test } from "vitest";
import { learningRate, type Schedule, scheduleWarnings } from "./schedule.js";

const moment = { baseLr: 0.8, epoch: 0, step: 0, stepsPerEpoch: 4, epochs: 10 };

test("a cosine that counts from 0 begins with the whole rate and does not reach its end", () => {
  const schedule: Schedule = {
    kind: "cosine",
    end: 0,
    every: "epoch-from-0",
    warmupEpochs: 0,
    warmupSteps: 0,
  };
  const at = (epoch: number): number =>
    learningRate(schedule, { baseLr: 0.01, epoch, step: 0, stepsPerEpoch: 5, epochs: 10 });
  expect(at(0)).toBe(0.01);
  expect(at(5)).toBeCloseTo(0.005, 12);
  expect(at(9)).toBeCloseTo((0.01 * (1 + Math.cos(0.9 * Math.PI))) / 2, 12);
});

test("warm-up by steps rises linearly across epochs, then ends", () => {
  const schedule: Schedule = { kind: "constant", warmupEpochs: 0, warmupSteps: 8 };
  const rates = [0, 1, 2].flatMap((epoch) =>
    [0, 1, 2, 3].map((step) => learningRate(schedule, { ...moment, epoch, step })),
  );
  const expected = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8];
  rates.forEach((rate, index) => expect(rate).toBeCloseTo(expected[index]!, 12));
});

test("warm-up and decay multiply", () => {
  const schedule: Schedule = {
    kind: "multistep",
    milestones: [1],
    gamma: 0.5,
    warmupEpochs: 2,
    warmupSteps: 4,
  };
  expect(learningRate(schedule, moment)).toBeCloseTo(0.8 * 0.5 * (2 / 3) * (1 / 4), 12);
});

test("cosine ends at its end", () => {
  const schedule: Schedule = { kind: "cosine", end: 0.01, every: "epoch", warmupEpochs: 0, warmupSteps: 0 };
  expect(learningRate(schedule, { ...moment, epoch: 9 })).toBeCloseTo(0.01, 12);
});

test("cosine by steps falls within an epoch, from the base rate to near its end", () => {
  const schedule: Schedule = { kind: "cosine", end: 0.01, every: "step", warmupEpochs: 0, warmupSteps: 0 };
  const rates = [0, 1].flatMap((epoch) =>
    [0, 1, 2, 3].map((step) => learningRate(schedule, { ...moment, epochs: 2, epoch, step })),
  );
  const expected = [0, 1, 2, 3, 4, 5, 6, 7].map((s) => 0.01 + (0.79 * (1 + Math.cos((Math.PI * s) / 8))) / 2);
  rates.forEach((rate, index) => expect(rate).toBeCloseTo(expected[index]!, 12));
});

test("milestones and warm-ups that a training does not reach are named", () => {
  const none = { warmupEpochs: 0, warmupSteps: 0 };
  const short = { epochs: 20, stepsPerEpoch: 4 };
  const multistep = { kind: "multistep", gamma: 0.1, ...none } as const;
  expect(scheduleWarnings({ ...multistep, milestones: [160, 180] }, short)).toEqual([
    "schedule.milestones: 160, 180 lie after the last epoch, 20: the learning rate never drops.",
  ]);
  expect(scheduleWarnings({ ...multistep, milestones: [10, 21] }, short)).toEqual([
    "schedule.milestones: 21 lies after the last epoch, 20: the learning rate drops only at 10.",
  ]);
  expect(
    scheduleWarnings({ kind: "cosine", end: 0, every: "epoch", warmupEpochs: 21, warmupSteps: 81 }, short),
  ).toEqual([
    "schedule.warmupEpochs: a warm-up of 21 epochs is longer than the training, 20: the learning rate never reaches optimizer.lr.",
    "schedule.warmupSteps: a warm-up of 81 steps is longer than the training, 80: the learning rate never reaches optimizer.lr.",
  ]);
  const cosine = { kind: "cosine", end: 0, ...none } as const;
  expect(scheduleWarnings({ ...cosine, every: "epoch" }, { epochs: 1, stepsPerEpoch: 4 })).toEqual([
    "schedule: the last epoch of a cosine has the rate schedule.end, 0, and this is the only one; schedule.every=step falls from " +
      "optimizer.lr within it.",
  ]);
  expect(scheduleWarnings({ ...cosine, every: "step" }, { epochs: 1, stepsPerEpoch: 4 })).toEqual([]);
  expect(scheduleWarnings({ ...cosine, every: "epoch" }, { epochs: 2, stepsPerEpoch: 4 })).toEqual([]);
  expect(
    scheduleWarnings({ ...multistep, milestones: [20], warmupEpochs: 20, warmupSteps: 80 }, short),
  ).toEqual([]);
  expect(scheduleWarnings({ ...multistep, milestones: [] }, short)).toEqual([]);
});
