// Whole epochs of cifar100-lt-ncl against PyTorch, interleaved in one run: images in memory, crop, flip, AutoAugment, Cutout,
// three ResNet-32, NCL's loss, SGD. `longtail train` with its logs and a checkpoint each epoch, against a plain script that
// does what NCL's authors' code does, and the same in channels_last.
//   npm run bench:epoch -- [--rounds 3] [--images 2000] [--data FOLDER] [--threads 2]
// Images are noise; FOLDER holds the real CIFAR-100 (binary or Python version). All begin with the same weights; that the
// losses of a first batch agree is checked.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { Loader } from "../dist/data/loader/loader.js";
import { openDataset } from "../dist/data/registry.js";
import { inOrder } from "../dist/data/samplers/sampler.js";
import { loadRecipe } from "../dist/recipes/load.js";
import { writePth } from "../dist/torch/pth/write.js";
import { longTail, writeNoise, writeSplit } from "./support/cifar.mjs";
import { printRace, race } from "./support/paired.mjs";
import { pytorchCompetitor } from "./support/pytorch.mjs";
import { scoped } from "./support/scoped.mjs";
import { untrained } from "./support/untrained.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    images: { type: "string", default: "2000" }, // of noise, about
    data: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});
const CLASSES = 100;
/** Relative, of the first batch's loss in float32. */
const TOLERANCE = 1e-4;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** Writes images and weights; says how many images. */
async function prepare(folder) {
  writeNoise(folder, { train: longTail(Number(values.images)), test: Array(CLASSES).fill(1) });
  if (values.data !== undefined) {
    const { data } = await loadRecipe("cifar100-lt-ncl");
    const { labels, pixels } = await openDataset({ ...data, root: values.data }, "train");
    writeSplit(folder, "train", { labels, bytes: pixels.bytes });
  }
  const { method, description } = await untrained(folder);
  writePth(join(folder, "weights.pth"), { state_dict: method.model.stateDict() });
  const first = await firstLoss(folder, { method, ...description });
  return { images: description.counts.reduce((sum, count) => sum + count), first };
}

/** Of the data's first images as they are. */
async function firstLoss(folder, { method, recipe }) {
  const { data, seed, memoryFormat } = recipe;
  const dataset = await openDataset(data, "train");
  const sampler = inOrder(dataset.size);
  const loader = new Loader({ ...data, dataset, transforms: [], sampler, seed, memoryFormat });
  method.model.to({ memoryFormat }).train();
  return scoped(() => method.step(loader.epoch(0).next().value).loss.item());
}

function assertSame(first, rows) {
  for (const { name, check } of rows) {
    if (Math.abs(check.first / first - 1) < TOLERANCE) continue;
    throw new Error(
      `the first batch's loss: ${first} by longtail, ${check.first} by ${name}; expected the same`,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), "longtail-bench-"));
try {
  const { images, first } = await prepare(folder);
  const args = [folder, values.threads];
  const script = here("epoch/pytorch.py");
  const theirs = ["plain", "channels_last"].map((variant) =>
    pytorchCompetitor({ name: `PyTorch ${variant}`, script, args: [...args, variant] }),
  );
  const own = { name: "longtail", command: [process.execPath, here("epoch/longtail.mjs"), ...args] };
  const rounds = { rounds: Number(values.rounds), unitsPerRound: 1, warmUp: 1 };
  const rows = await race([...theirs, own], rounds);
  assertSame(first, rows.slice(0, -1));
  printRace(`epoch of ${images} images: cifar100-lt-ncl, ${values.threads} threads`, rows);
  const losses = rows.map(({ name, check }) => `${name} ${check.loss.toFixed(2)}`).join(", ");
  console.log(`loss of a first batch: ${first.toFixed(4)} by all; mean of the last epoch: ${losses}`);
} finally {
  rmSync(folder, { recursive: true });
}
