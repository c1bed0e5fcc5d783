/** Two processes with half a batch each learn what one learns from the whole. */
import { expect, test } from "vitest";
import { toyRecipe } from "../../src/training/toy.fixture.js";
import { inRanks } from "../support/ranks.js";

const STEPS = 5;
const plain = toyRecipe("unused");
const ncl = plain.method as Extract<typeof plain.method, { kind: "ncl" }>;
const contrastive = {
  weight: 1,
  queue: 12,
  dimension: 8,
  temperature: 0.2,
  momentum: 0.9,
  projectionBias: true,
  keyProjection: "ema",
} as const;
const { hardDistillation: _, contrastive: __, ...shared } = ncl;

const methods = {
  ncl,
  "ncl with MoCo": { ...ncl, contrastive },
  "ncl++": { ...shared, kind: "ncl-plus-plus", augmentations: 2 },
} as const;

/**
 * Trains a method on the whole batch, and with both processes on a piece of it each; tells the largest difference of a
 * gradient after the first step and of a weight after the last. Without batch norm: by its running statistics alone.
 */
const compare = `
  const { buildMethod } = await load("methods/index.js");
  const { Sgd } = await load("optim/sgd.js");
  const { trainStep } = await load("training/step.js");
  const { GradientReducer } = await load("distributed/gradient-reducer.js");
  const { synchronizeBatchNorm, BatchNorm2d } = await load("nn/batch-norm.js");
  const { chunkOf } = await load("support/math.js");
  const { Rng } = await load("torch/random.js");
  const { tensor } = await load("torch/create.js");
  const { cat } = await load("torch/operators.generated.js");
  const { scope } = await load("torch/scope.js");
  const { setKernels } = await load("torch/settings.js");
  const { recipe, steps } = given;
  const training = { classes: ["a", "b", "c"], counts: [24, 12, 6] };

  const batchOf = (total, step, views) => ({
    images: new Rng(3, step).normal([views * total, 3, 16, 16]).to({ memoryFormat: "channels_last" }),
    labels: tensor(Array.from({ length: total }, (_, i) => (i * 7 + step) % 3), { dtype: "int64" }),
    step,
  });
  const pieceOfBatch = (total, { images, labels, step }, views) => {
    const [from, to] = chunkOf(total, { index: world.rank, of: world.worldSize });
    const ofViews = Array.from({ length: views }, (_, v) => images.narrow(0, v * total + from, to - from));
    return { images: cat(ofViews), labels: labels.narrow(0, from, to - from), step, total };
  };
  const train = ({ batchNorm, total, accumulate, kernels = "libtorch" }, together) => {
    const opened = scope();
    setKernels(kernels);
    const method = buildMethod(recipe, training, together ? world : undefined);
    method.model.to({ memoryFormat: "channels_last" }).train();
    if (!batchNorm) for (const part of method.model.modules()) if (part instanceof BatchNorm2d) part.eval();
    if (batchNorm && together) synchronizeBatchNorm(method.model, world.group.id);
    const parameters = method.model.parameters();
    const optimizer = new Sgd(parameters, { ...recipe.optimizer, lr: 0.01 });
    const reducer = together
      ? new GradientReducer(world.group, parameters.filter(({ requiresGrad }) => requiresGrad))
      : null;
    const views = method.views.length;
    const options = { method, optimizer, precision: "float32", accumulate };
    let gradients, outcome;
    for (let step = 0; step < steps; step += 1) {
      const batch = batchOf(total, step, views);
      outcome = trainStep(
        together ? pieceOfBatch(total, batch, views) : batch,
        together ? { ...options, peers: world, reducer } : options,
      );
      gradients ??= parameters.map(({ grad }) => grad?.toList() ?? []);
    }
    const weights = [...method.model.stateDict().values()].map((value) => value.toList());
    reducer?.[Symbol.dispose]();
    opened[Symbol.dispose]();
    return { gradients, weights, outcome };
  };
  const apart = (a, b) => {
    let most = 0;
    a.forEach((values, i) => values.forEach((value, j) => (most = Math.max(most, Math.abs(value - b[i][j])))));
    return most;
  };
  report(
    given.problems.map((problem) => {
      const [whole, pieces] = [train(problem, false), train(problem, true)];
      return {
        gradients: apart(whole.gradients, pieces.gradients),
        weights: apart(whole.weights, pieces.weights),
        loss: Math.abs(whole.outcome.loss - pieces.outcome.loss),
        correct: pieces.outcome.correct - whole.outcome.correct,
      };
    }),
  );`;

interface Apart {
  readonly gradients: number;
  readonly weights: number;
  readonly loss: number;
  readonly correct: number;
}

const problems = [
  { batchNorm: true, total: 8, accumulate: 1 },
  { batchNorm: true, total: 7, accumulate: 1 }, // pieces of four and three
  { batchNorm: true, total: 8, accumulate: 1, kernels: "always" },
  { batchNorm: true, total: 7, accumulate: 1, kernels: "always" },
  { batchNorm: false, total: 8, accumulate: 1 },
];

/** Of parts of a batch MoCo's queue takes the keys part by part, and the processes' parts are not one process's. */
const inParts = { batchNorm: false, total: 8, accumulate: 2 };

test.each(Object.entries(methods))("%s", async (name, method) => {
  const given = {
    recipe: { ...plain, method },
    steps: STEPS,
    problems: name === "ncl with MoCo" ? problems : [...problems, inParts],
  };
  const ranks = await inRanks<Apart[]>(2, compare, { given });
  for (const { gradients, weights, loss, correct } of ranks.flat()) {
    expect(gradients).toBeLessThan(1e-5);
    expect(weights).toBeLessThan(1e-4);
    expect(loss).toBeLessThan(1e-4);
    expect(correct).toBe(0);
  }
});
