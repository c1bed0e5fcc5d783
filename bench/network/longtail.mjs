// Steps or predictions as `longtail train` and `longtail evaluate` run them: node longtail.mjs SPEC; see spec.mjs.
import { createInterface } from "node:readline";
import { buildMethod } from "../../dist/methods/registry.js";
import { Sgd } from "../../dist/optim/sgd.js";
import { loadRecipe } from "../../dist/recipes/load.js";
import { noGrad } from "../../dist/torch/autograd.js";
import { tensor } from "../../dist/torch/create.js";
import { Rng } from "../../dist/torch/random.js";
import { keepForever } from "../../dist/torch/scope.js";
import { setThreads } from "../../dist/torch/settings.js";
import { trainStep } from "../../dist/training/step.js";
import { classCounts } from "./spec.mjs";
import { disposing, scoped } from "../support/scoped.mjs";

const { work, backbone, experts, batch, classes, size, threads } = JSON.parse(process.argv[2]);
setThreads(threads);
const counts = classCounts(classes);
const recipe = await loadRecipe("cifar100-lt-ncl");
const method = buildMethod(
  { ...recipe, backbone, method: { ...recipe.method, experts } },
  { counts, classes: counts.map((_, c) => `class ${c}`) },
);
const memoryFormat = "channels_last";
method.model.to({ memoryFormat }).train(work === "step");
const rng = new Rng(0);

function makeBatch() {
  const images = rng.normal([batch, 3, size, size]).to({ memoryFormat });
  const labels = tensor(rng.uniform([batch]).mul(classes).toList().map(Math.floor), { dtype: "int64" });
  return keepForever([images, labels]);
}

const optimizer = work === "step" && new Sgd(method.model.parameters(), { ...recipe.optimizer, lr: 0.005 });
const { precision } = recipe;
const works = {
  step: ([images, labels]) =>
    trainStep({ images, labels }, { method, optimizer, precision, accumulate: 1 }).loss,
  inference: ([images, labels]) =>
    disposing(noGrad(), () => {
      const logits = method.predict(images).reduce((sum, expert) => sum.add(expert));
      return logits.argmax({ dim: 1 }).eq(labels).sum().item();
    }),
};
const batches = Array.from({ length: 4 }, () => scoped(makeBatch));

let done = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  let check = NaN;
  for (let i = 0; i < Number(line); i++) check = scoped(() => works[work](batches[done++ % batches.length]));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peakMemory = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakMemory, check }));
}
