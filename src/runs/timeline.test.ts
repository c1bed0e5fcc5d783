import { expect, test } from "vitest";
import { epochsAfter, phaseOfEpoch, stepsOfEpochs, type Timeline, totalSteps } from "./timeline.js";

const plain: Timeline = { epochs: 4, stepsPerEpoch: 10 };
const phased: Timeline = {
  epochs: 5,
  stepsPerEpoch: 10,
  phases: [
    { name: "representation", epochs: 3, stepsPerEpoch: 10 },
    { name: "classifier", epochs: 2, stepsPerEpoch: 25 },
  ],
};

test("steps of a run without phases", () => {
  expect([0, 1, 4].map((epochs) => stepsOfEpochs(plain, epochs))).toEqual([0, 10, 40]);
  expect(totalSteps(plain)).toBe(40);
  expect([0, 5, 40].map((steps) => epochsAfter(plain, steps))).toEqual([0, 0.5, 4]);
  expect(phaseOfEpoch(plain, 2)).toEqual({ name: null, epochs: 4, stepsPerEpoch: 10 });
});

test("a phase with another sampler has epochs of its own length", () => {
  expect([1, 3, 4, 5].map((epochs) => stepsOfEpochs(phased, epochs))).toEqual([10, 30, 55, 80]);
  expect(totalSteps(phased)).toBe(80);
  expect([30, 42.5, 80].map((steps) => epochsAfter(phased, steps))).toEqual([3, 3.5, 5]);
  expect([1, 3, 4, 5, 6].map((epoch) => phaseOfEpoch(phased, epoch).name)).toEqual([
    "representation",
    "representation",
    "classifier",
    "classifier",
    "classifier",
  ]);
});

test("steps and epochs are each other's inverse, past the end as well", () => {
  for (const run of [plain, phased])
    for (let epochs = 0; epochs <= 7; epochs += 1)
      expect(epochsAfter(run, stepsOfEpochs(run, epochs))).toBeCloseTo(epochs, 12);
});
