import { expect, test } from "vitest";
import type { StepContext } from "../methods/method.js";
import type { Prepared } from "./prepare.js";
import { stepContext } from "./epochs.js";

test("a step is told where in its training it is", () => {
  const run = { recipe: { epochs: 7 }, trainLoader: { stepsPerEpoch: 4 } } as unknown as Prepared;
  expect(stepContext(run, { epoch: 2, step: 3 })).toEqual<StepContext>({
    step: 11,
    epoch: 2,
    epochs: 7,
    stepsPerEpoch: 4,
  });
});
