// The pipelines of pipeline.mjs as training has them: node longtail.mjs PIPELINE FOLDER.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sharedBytes } from "../../dist/data/dataset.js";
import { Loader } from "../../dist/data/loader/loader.js";
import { openDataset } from "../../dist/data/registry.js";
import { inOrder } from "../../dist/data/samplers/sampler.js";
import { instanceSampler } from "../../dist/data/samplers/sampler.js";
import { Data } from "../../dist/recipes/data-schema.js";
import { scope } from "../../dist/torch/scope.js";
import { setThreads } from "../../dist/torch/settings.js";
import { serve } from "../support/serve.mjs";

const [pipeline, folder] = process.argv.slice(2);
const workers = Number(process.env.BENCH_THREADS);
setThreads(workers);

const transforms = {
  cifar: [
    { kind: "random-crop", size: 32, padding: 4 },
    { kind: "horizontal-flip" },
    { kind: "auto-augment", policy: "cifar10" },
    { kind: "cutout", size: 16 },
  ],
  imagenet: [
    { kind: "random-resized-crop", size: 224 },
    { kind: "horizontal-flip" },
    { kind: "color-jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4 },
    // p: 1 because torchvision's RandAugment always does what it draws.
    { kind: "rand-augment", operations: 2, magnitude: 9, magnitudeStd: 0, p: 1 },
  ],
  evaluation: [
    { kind: "resize", interpolation: "bilinear", size: 256 },
    { kind: "center-crop", size: 224 },
  ],
};
const imageSize = pipeline === "cifar" ? 32 : 224;
const data = Data.parse({
  kind: "image-folder",
  root: folder,
  imageSize,
  train: transforms[pipeline],
  decode: process.env.BENCH_DECODE,
});

function inMemory() {
  const content = readFileSync(join(folder, "small.bin"));
  const bytes = sharedBytes(content.length);
  bytes.set(content);
  const size = content.length / (3 * 32 * 32);
  const pixels = { kind: "packed", bytes, height: 32, width: 32 };
  return { root: "memory", size, labels: Int32Array.from({ length: size }, (_, i) => i % 10), pixels };
}

const dataset = pipeline === "cifar" ? inMemory() : await openDataset(data, "train");
const { size } = dataset;
const { train, mean, std, decode } = data;
const loader = new Loader({
  ...{ dataset, transforms: train, imageSize, mean, std, batch: 64, seed: 0, workers, decode },
  sampler: pipeline === "evaluation" ? inOrder(size) : instanceSampler({ size, seed: 0 }),
  dropLast: false,
  memoryFormat: "channels_last",
});

let epoch = 0;
await serve(() => {
  let images = 0;
  const batches = loader.epoch(epoch++);
  for (;;) {
    const open = scope();
    const { value, done } = batches.next();
    if (!done) images += value.images.shape[0];
    open[Symbol.dispose]();
    if (done) return images;
  }
});
