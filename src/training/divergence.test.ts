import { expect, test } from "vitest";
import type { Dataset } from "../data/dataset.js";
import { TrainingError } from "../support/errors.js";
import { tensor } from "../torch/create.js";
import { scope } from "../torch/scope.js";
import { assertFinite, divergenceError, scaleError } from "./divergence.js";
import { toyRecipe } from "./toy.fixture.js";

const recipe = toyRecipe("data");

test("the error says where, on which images, and what may help", () => {
  const dataset = { describe: (index: number) => `train.bin record ${index}` } as Dataset;
  const indices = Int32Array.from([4, 8, 15, 16, 23, 42]);
  const error = divergenceError({
    recipe,
    loss: NaN,
    before: [4.60517, 12.5, 1e6],
    epoch: 1,
    step: 5,
    stepsPerEpoch: 170,
    lr: 0.05,
    dataset,
    indices,
  });
  expect(error).toBeInstanceOf(TrainingError);
  expect(error.message).toMatchInlineSnapshot(`
    "The loss became NaN in epoch 1, step 5 of 170. The run stopped; an earlier checkpoint is untouched.
    Losses before: 4.6052, 12.500, 1.0000e+6.
    Images of the batch: train.bin record 4, train.bin record 8, train.bin record 15, train.bin record 16, train.bin record 23 and 1 more.
    The learning rate was 0.05. Try a lower optimizer.lr (now 0.05), a clipped gradient by optimizer.clipNorm (now 5) or a longer warm-up by schedule.warmupSteps or schedule.warmupEpochs (now 4 and 0)."
  `);
  const few = divergenceError({
    ...{ recipe, loss: Infinity, before: [], epoch: 2, step: 1, stepsPerEpoch: 2, lr: 1 },
    dataset,
    indices: indices.subarray(0, 2),
  });
  expect(few.message).toContain("Images of the batch: train.bin record 4, train.bin record 8.\n");
});

test("gradients that are not finite at any scale", () => {
  const dataset = { describe: (index: number) => `train.bin record ${index}` } as Dataset;
  const error = scaleError({
    ...{ recipe, loss: 4.25, scale: 2 ** -15, before: [], epoch: 1, step: 32, stepsPerEpoch: 170, lr: 0.05 },
    ...{ dataset, indices: Int32Array.of(7) },
  });
  expect(error).toBeInstanceOf(TrainingError);
  expect(error.message).toMatchInlineSnapshot(`
    "The gradients are not finite at any scale of the loss: it fell to 3.1e-5 in epoch 1, step 32 of 170, where the loss was 4.2500; precision=bfloat16 or float32 needs no scale. The run stopped; an earlier checkpoint is untouched.
    Losses before: none in this epoch.
    Images of the batch: train.bin record 7.
    The learning rate was 0.05. Try a lower optimizer.lr (now 0.05), a clipped gradient by optimizer.clipNorm (now 5) or a longer warm-up by schedule.warmupSteps or schedule.warmupEpochs (now 4 and 0)."
  `);
});

test("numbers that are not finite never reach a checkpoint", () => {
  using _scope = scope();
  const weights = new Map([
    ["conv1.weight", tensor([1, 2])],
    ["bn1.num_batches_tracked", tensor([3], { dtype: "int64" })],
  ]);
  assertFinite(weights, { recipe, epoch: 1, lr: 0.05 });
  for (const bad of [NaN, Infinity, -Infinity])
    expect(() => {
      const state = new Map([...weights, ["bn1.running_var", tensor([bad, 0])]]);
      assertFinite(state, { recipe, epoch: 1, lr: 0.05 });
    }).toThrow(
      "The state of the training is no longer finite after epoch 1: bn1.running_var. The run stopped",
    );
});
