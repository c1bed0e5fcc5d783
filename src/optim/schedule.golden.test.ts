/** Rates of every epoch against the reference's schedulers: learning_rates.json. */
import { expect, test } from "vitest";
import { goldenJson } from "../../test/support/golden.js";
import { learningRate, type Schedule } from "./schedule.js";

// The file holds rates only; these are the settings behind its names (the number of epochs is the number of rates).
const settings: Record<string, { baseLr: number; schedule: Schedule }> = {
  cifar_warmup_multistep: {
    baseLr: 0.1,
    schedule: { kind: "multistep", milestones: [320, 360], gamma: 0.1, warmupEpochs: 5, warmupSteps: 0 },
  },
  places_warmup_multistep: {
    baseLr: 0.02,
    schedule: { kind: "multistep", milestones: [10, 20], gamma: 0.1, warmupEpochs: 5, warmupSteps: 0 },
  },
  imagenet_cosine: {
    baseLr: 0.2,
    schedule: { kind: "cosine", end: 1e-4, every: "epoch", warmupEpochs: 0, warmupSteps: 0 },
  },
  multistep: {
    baseLr: 0.001,
    schedule: { kind: "multistep", milestones: [40, 50], gamma: 0.1, warmupEpochs: 0, warmupSteps: 0 },
  },
};
const golden = goldenJson("learning_rates") as Record<string, number[]>;

test("every schedule of the file is known", () => {
  expect(Object.keys(settings)).toEqual(expect.arrayContaining(Object.keys(golden)));
});

test.each(Object.entries(golden))("%s", (name, rates) => {
  const { baseLr, schedule } = settings[name]!;
  const own = rates.map((_, epoch) =>
    learningRate(schedule, { baseLr, epoch, step: 0, stepsPerEpoch: 1, epochs: rates.length }),
  );
  const deviations = own.map((rate, epoch) => Math.abs(rate - rates[epoch]!));
  expect(Math.max(...deviations)).toBeLessThan(1e-9);
});
