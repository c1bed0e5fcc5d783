// A whole evaluation against PyTorch's, interleaved in one run: images in memory, batches, normalization, three ResNet-32,
// mean logits, accuracy by class. `longtail evaluate` against the evaluation of NCL's authors' code ("loader": PIL,
// torchvision and a DataLoader with two workers) and against networks in channels_last on tensors made beforehand.
//   npm run bench:evaluation -- [--rounds 3] [--images 10000] [--threads 2]
// All have the same weights; that they answer alike is checked.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { writePth } from "../dist/torch/pth/write.js";
import { untrained } from "./support/untrained.mjs";
import { writeNoise } from "./support/cifar.mjs";
import { printRace, race } from "./support/paired.mjs";
import { pytorchCompetitor } from "./support/pytorch.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    images: { type: "string", default: "10000" },
    threads: { type: "string", default: "2" },
  },
});
const CLASSES = 100;
/** Of so many images one may be answered differently: two logits can be as near as rounding errors. */
const IMAGES_PER_DIFFERENCE = 1000;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const images = Number(values.images);

async function prepare(folder) {
  const test = Array.from({ length: CLASSES }, (_, c) => Math.floor((images + c) / CLASSES));
  writeNoise(folder, { train: Array(CLASSES).fill(1), test });
  const { method } = await untrained(folder);
  writePth(join(folder, "weights.pth"), { state_dict: method.model.stateDict() });
}

function assertAlike(rows) {
  for (const { name, check } of rows) {
    const different = check.reduce((sum, right, c) => sum + Math.abs(right - rows[0].check[c]), 0);
    if (different > images / IMAGES_PER_DIFFERENCE)
      throw new Error(`${name} answers ${different} of ${images} images otherwise than ${rows[0].name}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), "longtail-bench-"));
try {
  await prepare(folder);
  const args = [folder, values.threads];
  const theirs = (variant) =>
    pytorchCompetitor({
      name: `PyTorch ${variant}`,
      script: here("evaluation/pytorch.py"),
      args: [...args, variant],
    });
  const own = { name: "longtail", command: [process.execPath, here("evaluation/longtail.mjs"), ...args] };
  const rounds = { rounds: Number(values.rounds), unitsPerRound: 1, warmUp: 1 };
  const rows = await race([theirs("loader"), theirs("tensors"), own], rounds);
  assertAlike(rows);
  printRace(`evaluation of ${images} images: 3 x resnet32, 32 px, ${values.threads} threads`, rows);
} finally {
  rmSync(folder, { recursive: true });
}
