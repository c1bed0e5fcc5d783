// What making batches costs a training: NCL's step (3 x ResNet-32, batch 64) on tensors that lie ready, on bytes in memory as
// they are, with the recipe's augmentation, and on JPEG files of 500 x 400 pixels; interleaved in one run.
//   npm run bench:overlap -- [--rounds 6] [--units 5] [--threads 2]
// The threads that make images work beside those that compute. Where these keep all cores busy a step becomes longer by the
// images' CPU time over the cores, and by no more if the threads take no more than their share.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { CIFAR } from "./network/spec.mjs";
import { printRace, race } from "./support/paired.mjs";
import { makePhotographs } from "./support/photographs.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "6" },
    units: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
  },
});
const SOURCES = {
  ready: "float32",
  bytes: "float32+bytes",
  augmented: "float32+images",
  JPEG: "float32+photographs",
};
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

function printCosts([ready, ...others]) {
  console.log(
    "\nCPU milliseconds of an image, besides the step; the ratio that follows where cores are busy:",
  );
  for (const { name, cpuMilliseconds } of others) {
    const more = cpuMilliseconds - ready.cpuMilliseconds;
    const expected = 1 + more / availableParallelism() / ready.milliseconds;
    console.log(
      `${name.padEnd(12)}${(more / CIFAR.batch).toFixed(3).padStart(8)}   ratio ${expected.toFixed(3)}`,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), "longtail-bench-"));
try {
  makePhotographs(folder, { width: 500 });
  const spec = JSON.stringify({ ...CIFAR, threads: Number(values.threads), folder });
  const competitors = Object.entries(SOURCES).map(([name, variant]) => ({
    name,
    command: [process.execPath, here("network/longtail.mjs"), spec, variant],
  }));
  const rounds = { rounds: Number(values.rounds), unitsPerRound: Number(values.units), warmUp: 5 };
  const rows = await race(competitors, rounds);
  printRace(`step with its images: 3 x resnet32, batch 64, 32 px, ${values.threads} threads`, rows);
  printCosts(rows);
} finally {
  rmSync(folder, { recursive: true });
}
