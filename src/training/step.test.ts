/** Gradient accumulation. */
import { expect, test } from "vitest";
import type { Labeled, Method } from "../methods/ensemble/method.js";
import { buildMethod } from "../methods/index.js";
import { LossScaler } from "../optim/loss-scaler.js";
import { Sgd } from "../optim/sgd.js";
import { arange, tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import { microBatches, trainStep } from "./step.js";

const training = { classes: ["a", "b", "c"], counts: [9, 5, 2] };
const recipe = {
  backbone: "resnet8",
  classifier: { kind: "fc", bias: true },
  dropout: 0,
  freezeBackbone: false,
  method: { kind: "balanced-softmax", experts: 2, sharedStages: 0, tau: 1 },
  seed: 0,
  epochs: 1,
} as const;

function batch(): Labeled {
  const labels = tensor([0, 1, 2, 0, 1], { dtype: "int64" });
  return { images: new Rng(5).normal([5, 3, 8, 8]), labels };
}

/** Weights after one step, and what it told. In evaluation mode batch norm takes an image for itself. */
function step(accumulate: number, prepare = (method: Method) => method.model.eval()) {
  using _ = scope();
  const method = buildMethod(recipe, training);
  prepare(method);
  const optimizer = new Sgd(method.model.parameters(), { lr: 0.1, clipNorm: 100 });
  const outcome = trainStep(batch(), { method, optimizer, precision: "float32", accumulate });
  const weights = method.model.parameters().flatMap((parameter) => parameter.toList());
  const means = [...method.model.stateDict()].flatMap(([name, value]) =>
    name.endsWith("running_mean") ? value.toList() : [],
  );
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
  return { outcome, weights, means };
}

test.each([2, 3, 9])(
  "a step in %d parts is the whole batch's, where images do not see one another",
  (parts) => {
    const whole = step(1);
    const cut = step(parts);
    expect(cut.outcome.correct).toBe(whole.outcome.correct);
    expect(cut.outcome.loss).toBeCloseTo(whole.outcome.loss, 5);
    expect(cut.outcome.gradNorm).toBeCloseTo(whole.outcome.gradNorm!, 4);
    expect(Object.keys(cut.outcome.terms)).toEqual(Object.keys(whole.outcome.terms));
    cut.weights.forEach((weight, index) => expect(weight).toBeCloseTo(whole.weights[index]!, 5));
  },
);

test("a step tells the scale that the next one has", () => {
  using _ = scope();
  const method = buildMethod(recipe, training);
  const optimizer = new Sgd(method.model.parameters(), { lr: 0.1, clipNorm: 1 });
  const scaler = new LossScaler({ initial: 2 ** 127 });
  const options = { method, optimizer, precision: "float32", accumulate: 1 } as const;
  const { scale, gradNorm } = trainStep(batch(), { ...options, scaler });
  expect([scale, gradNorm]).toEqual([2 ** 126, NaN]); // the scaled gradients were above float32's largest number
  expect(scaler.scale).toBe(scale);
  expect(trainStep(batch(), options).scale).toBeNull();
  scaler[Symbol.dispose]();
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});

test("batch norm sees a part at a time", () => {
  const train = (method: Method) => method.model.train();
  expect(step(2, train).means).not.toEqual(step(1, train).means);
});

test("parts differ by one image at most, and keep an image's views together", () => {
  using _ = scope();
  const views = 2;
  const images = arange(views * 5, { dtype: "float32" }).view([views * 5, 1, 1, 1]);
  const parts = [...microBatches({ images, labels: arange(5) }, 2)];
  expect(parts.map((part) => part.labels.toList())).toEqual([
    [0, 1, 2],
    [3, 4],
  ]);
  expect(parts.map((part) => part.images.toList())).toEqual([
    [0, 1, 2, 5, 6, 7],
    [3, 4, 8, 9],
  ]);
  expect(parts.map(({ fraction }) => fraction)).toEqual([0.6, 0.4]);
});

test("a step leaves as many tensors as there were", () => {
  const before = memory();
  step(3);
  expect(memory()).toEqual(before);
});

test("key encoders move once a step, whatever its parts", () => {
  using _ = scope();
  const momentum = 0.5;
  const contrastive = { weight: 1, queue: 5, dimension: 4, temperature: 0.2, momentum };
  const method = buildMethod(
    {
      ...recipe,
      method: {
        ...{
          kind: "ncl",
          experts: 1,
          sharedStages: 0,
          hardCategories: 2,
          crossEntropy: 1,
          hardCrossEntropy: 1,
          distillation: 0.6,
        },
        ...{ hardDistillation: 0.6, hardCategorySource: "first", otherLogits: "zeroed", logEpsilon: 0 },
        contrastive: { ...contrastive, projectionBias: true, keyProjection: "frozen" },
      },
    },
    training,
  );
  const state = method.model.stateDict();
  const [key, own] = ["backbone_MA.0.conv1.weight", "backbone.0.conv1.weight"].map((name) =>
    state.get(name)!,
  );
  const expected = key!
    .detach()
    .mul(momentum)
    .add(own!.detach(), { alpha: 1 - momentum });
  const { labels } = batch();
  const optimizer = new Sgd(method.model.parameters(), { lr: 0.1 });
  trainStep(
    { images: new Rng(5).normal([10, 3, 8, 8]), labels },
    { method, optimizer, precision: "float32", accumulate: 2 },
  );
  expect(key!.sub(expected).abs().max().item()).toBeLessThan(1e-6);
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});
