// Time and peak memory of a training step of NCL on networks for large images: 3 experts, 224 px, SGD with momentum.
//   npm run build && node bench/imagenet-step.mjs                   imagenet-lt-ncl: 3 x ResNet-50
//   npm run build && node bench/imagenet-step.mjs --contrastive     places-lt-ncl: 3 x ResNet-152 with the contrastive branch
// Options: --backbone resnet101 --experts 3 --batch 4 --accumulate 1 --steps 3 --threads 2
import { parseArgs } from "node:util";
import { buildMethod } from "../dist/methods/index.js";
import { Sgd } from "../dist/optim/sgd.js";
import { loadRecipe } from "../dist/recipes/load.js";
import { tensor } from "../dist/torch/create.js";
import { Rng } from "../dist/torch/random.js";
import { scope } from "../dist/torch/scope.js";
import { setThreads } from "../dist/torch/settings.js";
import { trainStep } from "../dist/training/step.js";

const text = (value) => ({ type: "string", default: value });
const { values } = parseArgs({
  options: {
    contrastive: { type: "boolean", default: false },
    backbone: { type: "string" }, // the recipe's unless given
    experts: text("3"),
    batch: text("4"),
    accumulate: text("1"),
    steps: text("3"), // the first allocates the momentum: the second has the peak
    threads: text("2"),
  },
});
const [experts, batch, accumulate, steps] = [
  values.experts,
  values.batch,
  values.accumulate,
  values.steps,
].map(Number);
setThreads(Number(values.threads));

const recipe = await loadRecipe(values.contrastive ? "places-lt-ncl" : "imagenet-lt-ncl");
const { memoryFormat, precision } = recipe;
const backbone = values.backbone ?? recipe.backbone;
const classes = values.contrastive ? 365 : 1000;
const counts = Array.from({ length: classes }, (_, c) =>
  Math.floor(1280 * (5 / 1280) ** (c / (classes - 1))),
);
const method = buildMethod(
  { ...recipe, backbone, method: { ...recipe.method, experts } },
  { counts, classes: counts.map((_, c) => `class ${c}`) },
);
method.model.to({ memoryFormat }).train();
const optimizer = new Sgd(method.model.parameters(), { ...recipe.optimizer, lr: 0.001 });
const rng = new Rng(0);
const gigabytes = () => (process.resourceUsage().maxRSS / 1024 ** 2).toFixed(2);

const parameters = method.model.parameters().reduce((sum, { size }) => sum + size, 0);
console.log(
  `${recipe.name}: ${experts} x ${backbone}, batch ${batch}, accumulate ${accumulate}, ${values.threads} threads`,
);
console.log(
  `${(parameters / 1e6).toFixed(1)} million parameters, peak before the first step ${gigabytes()} GiB`,
);
for (let step = 1; step <= steps; step += 1) {
  const open = scope();
  const images = rng.normal([method.views.length * batch, 3, 224, 224]).to({ memoryFormat });
  const labels = tensor(rng.uniform([batch]).mul(classes).toList().map(Math.floor), { dtype: "int64" });
  const started = performance.now();
  const { loss } = trainStep(
    { images, labels, context: { step: step - 1, epoch: 0, epochs: 1, stepsPerEpoch: steps } },
    { method, optimizer, precision, accumulate },
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  open[Symbol.dispose]();
  console.log(`step ${step}: ${seconds} s, loss ${loss.toFixed(3)}, peak so far ${gigabytes()} GiB`);
}
