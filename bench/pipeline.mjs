// Images a second from file or memory to normalized float batches, against PyTorch's DataLoader with torchvision and
// Pillow, interleaved in one run: each round is an epoch of both.
//   npm run bench:pipeline -- [--rounds 5] [--threads 2] [--pipelines cifar,imagenet,evaluation]
//     [--width 500] [--decode exact|reduced]
// DataLoader has as many worker processes as longtail has threads. Ratios are PyTorch's time over longtail's of the same
// round; those of CPU time depend little on what else the machine does.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { vision } from "../dist/data/vision.js";
import { engineInfo } from "../dist/torch/settings.js";
import { race } from "./support/paired.mjs";
import { makePhotographs } from "./support/photographs.mjs";
import { pytorch, pytorchCompetitor } from "./support/pytorch.mjs";

const titles = {
  cifar: "32 x 32 from memory: crop, flip, AutoAugment, Cutout",
  imagenet: "JPEG: RandomResizedCrop 224, flip, color jitter 0.4, RandAugment of 2",
  evaluation: "JPEG: resize 256, center crop 224",
};
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    pipelines: { type: "string", default: Object.keys(titles).join() },
    width: { type: "string", default: "500" }, // of the photographs
    decode: { type: "string", default: "exact" }, // of longtail; see data.decode
  },
});
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const python = pytorch();
const env = { BENCH_THREADS: values.threads, BENCH_DECODE: values.decode };

function printVersions(folder) {
  const code =
    "import torch, torchvision, PIL, sys; from PIL import features; " +
    "print(f'PyTorch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__} " +
    'with libjpeg-turbo {features.version("libjpeg_turbo")}, Python {sys.version.split()[0]}\')';
  console.log(execFileSync(python, ["-c", code], { encoding: "utf8" }).trim());
  console.log(
    `longtail with ${vision().jpegLibrary()}, ${engineInfo().cpuCapability}, Node.js ${process.version}`,
  );
  console.log(
    `${cpus().length} cores (${cpus()[0].model}), ${values.threads} threads or workers, decode=${values.decode}`,
  );
  console.log(readFileSync(join(folder, "about.txt"), "utf8"));
}

const spread = ({ median, least, most }) =>
  // PyTorch's over ours: the inverse of what race() gives.
  `${(1 / median).toFixed(2)} (${(1 / most).toFixed(2)} … ${(1 / least).toFixed(2)})`;

async function compare(pipeline, folder) {
  const args = [pipeline, folder];
  const rows = await race(
    [
      pytorchCompetitor({ name: "PyTorch", script: here("pipeline/pytorch.py"), args, env }),
      { name: "longtail", command: [process.execPath, here("pipeline/longtail.mjs"), ...args], env },
    ],
    { rounds: Number(values.rounds), unitsPerRound: 1, warmUp: 1 },
  );
  console.log(`\n${titles[pipeline]}`);
  for (const { name, milliseconds, cpuMilliseconds, check: images } of rows) {
    const rate = (images / milliseconds) * 1000;
    console.log(
      `  ${name.padEnd(10)}${rate.toFixed(0).padStart(8)} images/s ${(cpuMilliseconds / images).toFixed(3).padStart(9)} ms CPU an image`,
    );
  }
  console.log(
    `  longtail is faster by   ${spread(rows[1].ratio)}   in CPU time by ${spread(rows[1].cpuRatio)}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "longtail-bench-"));
try {
  makePhotographs(folder, { width: values.width });
  printVersions(folder);
  for (const pipeline of values.pipelines.split(",")) await compare(pipeline, folder);
} finally {
  rmSync(folder, { recursive: true });
}
