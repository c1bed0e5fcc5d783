/** The reference's own checkpoint: reference_checkpoint.pth (an archive) and _legacy.pth (PyTorch's older format). */
import { join } from "node:path";
import { expect, test } from "vitest";
import { goldenPath, goldenTensors } from "../../test/support/golden.js";
import { buildMethod } from "../methods/index.js";
import { loadWeights } from "../models/load-weights.js";
import { learningRate } from "../optim/schedule.js";
import { Sgd } from "../optim/sgd.js";
import { tensor } from "../torch/create.js";
import { writePth } from "../torch/pth/write.js";
import { memory, scope } from "../torch/scope.js";
import { readReferenceCheckpoint } from "./ncl-checkpoint.js";
import { referenceRecipe, TEN_CLASSES } from "./reference.fixture.js";
import { temporaryFolder } from "./toy.fixture.js";
import { restoreModel } from "./checkpoint.js";

const file = goldenPath("reference_checkpoint.pth");
const formats = ["reference_checkpoint.pth", "reference_checkpoint_legacy.pth"];
const recipe = referenceRecipe("data");
const training = { classes: TEN_CLASSES, counts: TEN_CLASSES.map(() => 3) };

test.each(formats)("golden names and logits of %s", (name) => {
  const path = goldenPath(name);
  const before = memory().live;
  {
    using _ = scope();
    const { tensors, metadata } = goldenTensors("reference_checkpoint_expected");
    expect([...loadWeights(path).keys()]).toEqual(JSON.parse(metadata["names"]!));

    const method = buildMethod(recipe, training);
    restoreModel(readReferenceCheckpoint(path), method);
    method.model.eval();
    const logits = method.predict(tensors.get("input")!);
    logits.forEach((found, k) => {
      const difference = found
        .sub(tensors.get(`logits_${k}`)!)
        .abs()
        .max()
        .item();
      expect(difference, `expert ${k}`).toBeLessThan(1e-5);
    });
    expect(logits).toHaveLength(2);
    method[Symbol.dispose]();
  }
  expect(memory().live).toBe(before);
});

test("golden epoch and learning rate: the scheduler's position is the recipe's at that epoch", () => {
  using _ = scope();
  const { metadata } = goldenTensors("reference_checkpoint_expected");
  const checkpoint = readReferenceCheckpoint(file);
  expect(checkpoint.epoch).toBe(Number(metadata["epoch"]));
  expect(checkpoint.learningRate).toBe(Number(metadata["learning_rate"]));
  expect(checkpoint.best).toEqual({ accuracy: 0.5, epoch: 2 });
  const last = {
    baseLr: recipe.optimizer.lr,
    epoch: checkpoint.epoch! - 1,
    step: 0,
    stepsPerEpoch: 1,
    epochs: 400,
  };
  expect(learningRate(recipe.schedule, last)).toBeCloseTo(checkpoint.learningRate!, 12);
});

test("golden velocities fit the optimizer, each on its parameter", () => {
  using _ = scope();
  const { optimizer: velocities, model } = readReferenceCheckpoint(file);
  const method = buildMethod(recipe, training);
  const optimizer = new Sgd(method.model.parameters(), recipe.optimizer);
  optimizer.loadStateDict(velocities!);
  const parameters = method.model.namedParameters();
  expect(velocities!.size).toBe(parameters.length);
  // named_parameters() of the reference: its state dictionary without the buffers
  const trained = [...model.keys()].filter((name) => !/running_|num_batches/.test(name));
  expect(parameters.map(([name]) => name)).toEqual(trained);
  for (const [name, velocity] of optimizer.stateDict())
    expect(velocity.equal(velocities!.get(name)!), name).toBe(true);
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});

test("weights alone have no optimizer, epoch or best", () => {
  using _ = scope();
  const {
    optimizer,
    epoch,
    best,
    learningRate: rate,
  } = readReferenceCheckpoint(goldenPath("reference_checkpoint_legacy.pth"));
  expect([optimizer, epoch, best, rate]).toEqual([null, null, null, null]);
});

test("another optimizer's state is refused", () => {
  using _ = scope();
  using folder = temporaryFolder();
  const path = join(folder.path, "adam.pth");
  const state = new Map([["0", { exp_avg: tensor([1]) }]]);
  writePth(path, { state_dict: new Map([["weight", tensor([1])]]), optimizer: { state } });
  expect(() => readReferenceCheckpoint(path)).toThrow(
    "adam.pth: expected the state of torch.optim.SGD, found parameter 0 without momentum_buffer",
  );
});
