// Steps or predictions as `longtail train` and `longtail evaluate` run them: node longtail.mjs SPEC [VARIANT]; see
// spec.mjs. A variant is float32, bfloat16 or float16, and after a + each a source of images.mjs when batches come from the
// loader, "streams" when experts have streams of their own.
import { buildMethod } from "../../dist/methods/index.js";
import { Sgd } from "../../dist/optim/sgd.js";
import { loadRecipe } from "../../dist/recipes/load.js";
import { noGrad } from "../../dist/torch/autograd.js";
import { tensor } from "../../dist/torch/create.js";
import { Rng } from "../../dist/torch/random.js";
import { keepForever } from "../../dist/torch/scope.js";
import { setThreads } from "../../dist/torch/settings.js";
import { ALONE } from "../../dist/distributed/peers.js";
import { LossScaler } from "../../dist/optim/loss-scaler.js";
import { executionFrom } from "../../dist/training/settings.js";
import { openExecutor, Steps } from "../../dist/training/steps.js";
import { Trainee } from "../../dist/training/trainee.js";
import { batchesOf } from "./images.mjs";
import { classCounts } from "./spec.mjs";
import { disposing, scoped } from "../support/scoped.mjs";
import { serve } from "../support/serve.mjs";

const {
  work,
  backbone,
  experts,
  batch,
  classes,
  size,
  threads,
  device = "cpu",
  folder,
} = JSON.parse(process.argv[2]);
const [precision, ...parts] = (process.argv[3] ?? "float32").split("+");
const source = parts.find((part) => part !== "streams");
setThreads(threads);
const counts = classCounts(classes);
const built = await loadRecipe("cifar100-lt-ncl");
const recipe = {
  ...built,
  precision,
  data: { ...built.data, batch, imageSize: size },
  optimizer: { ...built.optimizer, lr: 0.005 },
  schedule: { kind: "constant", warmupEpochs: 0, warmupSteps: 0 },
};
const method = buildMethod(
  { ...recipe, backbone, method: { ...recipe.method, experts } },
  { counts, classes: counts.map((_, c) => `class ${c}`) },
);
const memoryFormat = "channels_last";
method.model.to({ device, memoryFormat }).train(work === "step");
const rng = new Rng(0);

function makeBatch() {
  const images = rng.normal([batch, 3, size, size]).to({ device, memoryFormat });
  const labels = tensor(rng.uniform([batch]).mul(classes).toList().map(Math.floor), {
    dtype: "int64",
    device,
  });
  return keepForever([images, labels]);
}

const batches = Array.from({ length: 4 }, () => scoped(makeBatch));
const loaded = source === undefined ? null : await batchesOf(source, { recipe, classes, device, folder });

let done = 0;
const nextBatch = () => {
  if (loaded === null) return batches[done++ % batches.length];
  const { images, labels } = loaded.next().value;
  return [images, labels];
};

/** The batches of an epoch that never ends, as a loader gives them. */
function* batchesForever() {
  for (;;) {
    const [images, labels] = nextBatch();
    yield { images, labels, mixed: null, indices: new Int32Array(batch), total: batch };
  }
}

/** Steps as the training runs them. */
function trainingSteps() {
  const optimizer = new Sgd(method.model.parameters(), recipe.optimizer);
  const scaler = precision === "float16" ? new LossScaler({ device }) : null;
  const trainee = new Trainee({ method, optimizer, scaler });
  const execution = { ...executionFrom(), expertStreams: parts.includes("streams") };
  const executor = openExecutor({ recipe, device, execution, peers: ALONE, trainee });
  if (executor.graphBlocker !== null) console.error(`not recorded as a CUDA graph: ${executor.graphBlocker}`);
  const loaders = { train: { stepsPerEpoch: 2 ** 31, epoch: batchesForever } };
  return new Steps({ recipe, trainee, loaders }, { executor, from: { epoch: 0, step: 0 } });
}

function predict() {
  const [images, labels] = nextBatch();
  return disposing(noGrad(), () => {
    const logits = method.predict(images).reduce((sum, expert) => sum.add(expert));
    return logits.argmax({ dim: 1 }).eq(labels).sum().item();
  });
}

if (work === "step") {
  const steps = trainingSteps();
  const iterator = steps[Symbol.iterator]();
  const lossOf = (completed, fallback) => completed.at(-1)?.outcome.loss ?? fallback;
  await serve(
    () => lossOf(iterator.next().value.completed, NaN),
    (check) => lossOf(steps.finish(), check),
  );
} else await serve(() => scoped(predict));
