/** A tiny long-tailed image folder and a recipe that trains on it within a second or two. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { nclOptions } from "../methods/ensemble/problems.fixture.js";

const SIDE = 16;
const TRAIN_IMAGES = { ant: 24, bee: 12, cat: 6 };
const TEST_IMAGES = 4; // of each class

/** A temporary folder, removed when disposed of. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "longtail-training-"));
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Writes train/CLASS/*.png and test/CLASS/*.png below `root`: class c is bright in channel c, with noise. */
export function writeToyData(root: string, trainImages: Record<string, number> = TRAIN_IMAGES): void {
  Object.entries(trainImages).forEach(([name, count], channel) => {
    writeClass(join(root, "train", name), count, channel);
    writeClass(join(root, "test", name), TEST_IMAGES, channel);
  });
}

const NCL: ResolvedRecipe["method"] = {
  kind: "ncl",
  experts: 2,
  sharedStages: 0,
  hardCategories: 2,
  ...nclOptions,
  contrastive: null,
};

const OPTIMIZER: ResolvedRecipe["optimizer"] = {
  kind: "sgd",
  lr: 0.05,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 2e-4,
  accumulate: 1,
  clipNorm: 5,
  backboneLr: 1,
  layerDecay: 1,
};

const DATA: ResolvedRecipe["data"] = {
  kind: "image-folder",
  root: null,
  trainFile: null,
  testFile: null,
  classNames: null,
  columns: { image: "image", label: "label" },
  labels: "auto",
  imageFolder: null,
  imageExtension: null,
  testSplit: { fraction: 0.2, seed: 0, file: null },
  strict: true,
  imbalance: null,
  imbalanceSeed: 0,
  imageSize: SIDE,
  batch: 8,
  dropLast: false,
  sampler: { kind: "instance" },
  train: [
    { kind: "random-crop", size: SIDE, padding: 2 },
    { kind: "horizontal-flip", p: 0.5 },
  ],
  secondView: null,
  mix: null,
  test: [],
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  decode: "exact",
  cache: "none",
  cacheFolder: null,
  workers: 1,
};

const EVALUATION: ResolvedRecipe["evaluation"] = {
  every: 1,
  batch: 8,
  groups: "field",
  fiveCrops: null,
  reportBest: false,
  weights: "ema",
};

const LOGS: ResolvedRecipe["logs"] = {
  tensorboard: true,
  csv: true,
  everySteps: 1,
  histogramsEvery: 1,
  histogramsOf: "ends",
  images: 4,
};

export function toyRecipe(root: string, changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  return {
    name: "toy",
    description: "",
    citation: "",
    seed: 0,
    epochs: 2,
    data: { ...DATA, root },
    backbone: "resnet8",
    classifier: { kind: "fc", bias: true },
    dropout: 0,
    freezeBackbone: false,
    adapter: null,
    freezeBatchNorm: false,
    trainable: "all",
    pretrained: null,
    method: NCL,
    featureViews: "plain",
    adjustment: { kind: "none" },
    optimizer: OPTIMIZER,
    schedule: { kind: "constant", warmupEpochs: 0, warmupSteps: 4 },
    ema: null,
    evaluation: EVALUATION,
    selection: { kind: "last" },
    checkpoints: { epochs: 1, steps: null, minutes: null },
    logs: LOGS,
    precision: "float32",
    memoryFormat: "channels_last",
    syncBatchNorm: true,
    deterministic: true,
    ...changes,
  };
}

function writeClass(folder: string, count: number, channel: number): void {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i += 1) writeFileSync(join(folder, `${i}.png`), png(i, channel));
}

/** An RGB image of noise, brighter in one channel. */
function png(seed: number, channel: number): Buffer {
  const rows = Buffer.alloc(SIDE * (1 + 3 * SIDE)); // each row begins with its filter, 0
  for (let y = 0, at = 0; y < SIDE; y += 1) {
    at += 1;
    for (let value = 0; value < 3 * SIDE; value += 1, at += 1)
      rows[at] = ((seed * 7919 + y * 131 + value * 37) % 97) + (value % 3 === channel ? 120 : 0);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([8, 2], 8); // 8 bits a channel, RGB
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
