// The CIFAR-100-LT NCL step as `longtail train` runs it: 3 x ResNet-32, batch 64, 100 classes. See step.mjs.
import { createInterface } from "node:readline";
import { buildMethod } from "../../dist/methods/registry.js";
import { Sgd } from "../../dist/optim/sgd.js";
import { loadRecipe } from "../../dist/recipes/load.js";
import { tensor } from "../../dist/torch/create.js";
import { Rng } from "../../dist/torch/random.js";
import { keepForever, scope } from "../../dist/torch/scope.js";
import { setThreads } from "../../dist/torch/settings.js";
import { trainStep } from "../../dist/training/step.js";

setThreads(Number(process.env.BENCH_THREADS));
const classes = 100;
const counts = Array.from({ length: classes }, (_, c) => Math.floor(500 * 0.01 ** (c / (classes - 1))));
const recipe = await loadRecipe("cifar100-lt-ncl");
const method = buildMethod(recipe, { counts, classes: counts.map((_, c) => `class ${c}`) });
const { memoryFormat } = recipe;
method.model.to({ memoryFormat });
method.model.train();
const optimizer = new Sgd(method.model.parameters(), { ...recipe.optimizer, lr: 0.005 });
const rng = new Rng(0);
/** What `using _ = scope()` is in TypeScript: Node 20 does not know the declaration. */
const scoped = (work) => {
  const open = scope();
  try {
    return work();
  } finally {
    open[Symbol.dispose]();
  }
};
const makeBatch = () => {
  const images = rng.normal([recipe.data.batch, 3, 32, 32]).to({ memoryFormat });
  const labels = tensor(rng.uniform([recipe.data.batch]).mul(classes).toList().map(Math.floor), {
    dtype: "int64",
  });
  return keepForever([images, labels]);
};
const batches = Array.from({ length: 8 }, () => scoped(makeBatch));
const step = ([images, labels]) =>
  trainStep({ images, labels }, { method, optimizer, precision: recipe.precision, accumulate: 1 });

let done = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  let loss = NaN;
  for (let i = 0; i < Number(line); i++) {
    ({ loss } = scoped(() => step(batches[done++ % batches.length])));
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peakMemory = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakMemory, check: loss }));
}
