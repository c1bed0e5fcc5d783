// Steps or predictions as `longtail train` and `longtail evaluate` run them: node longtail.mjs SPEC [VARIANT]; see
// spec.mjs. A variant is float32, bfloat16 or float16, and after a + each a source of images.mjs when batches come from the
// loader, "streams" when experts have streams of their own.
import { buildMethod } from "../../dist/methods/registry.js";
import { Sgd } from "../../dist/optim/sgd.js";
import { loadRecipe } from "../../dist/recipes/load.js";
import { noGrad } from "../../dist/torch/autograd.js";
import { tensor } from "../../dist/torch/create.js";
import { Rng } from "../../dist/torch/random.js";
import { keepForever } from "../../dist/torch/scope.js";
import { setThreads } from "../../dist/torch/settings.js";
import { ALONE } from "../../dist/distributed/peers.js";
import { LossScaler } from "../../dist/optim/loss-scaler.js";
import { openStepper } from "../../dist/training/graph/stepper.js";
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
if (parts.includes("streams")) process.env["LONGTAIL_EXPERT_STREAMS"] = "on";
const source = parts.find((part) => part !== "streams");
setThreads(threads);
const counts = classCounts(classes);
const built = await loadRecipe("cifar100-lt-ncl");
const recipe = { ...built, precision, data: { ...built.data, batch, imageSize: size } };
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

const optimizer = work === "step" && new Sgd(method.model.parameters(), { ...recipe.optimizer, lr: 0.005 });
const scaler = precision === "float16" ? new LossScaler({ device }) : null;
const stepper =
  work === "step" && openStepper({ recipe, device, method, optimizer, scaler, peers: ALONE, reducer: null });
if (stepper && stepper.notRecorded) console.error(`not recorded as a CUDA graph: ${stepper.notRecorded}`);
/** A step is read after the next one was begun, as in training on a GPU. */
let unread = null;
const readBefore = (next) => {
  const loss = unread?.read().loss ?? NaN;
  unread = next;
  return loss;
};
const works = {
  step: ([images, labels]) => readBefore(stepper.run({ images, labels })),
  inference: ([images, labels]) =>
    disposing(noGrad(), () => {
      const logits = method.predict(images).reduce((sum, expert) => sum.add(expert));
      return logits.argmax({ dim: 1 }).eq(labels).sum().item();
    }),
};
const batches = Array.from({ length: 4 }, () => scoped(makeBatch));
const loaded = source === undefined ? null : await batchesOf(source, { recipe, classes, device, folder });

let done = 0;
const nextBatch = () => {
  if (loaded === null) return batches[done++ % batches.length];
  const { images, labels } = loaded.next().value;
  return [images, labels];
};
await serve(
  () => scoped(() => works[work](nextBatch())),
  (check) => (unread ? readBefore(null) : check),
);
