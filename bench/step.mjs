// Time and memory of the CIFAR-100-LT NCL training step against PyTorch's, interleaved in one run.
//   npm run bench:step -- [--rounds 12] [--units 4] [--threads 2] [--compile]
// Ratios are to plain PyTorch (eager, contiguous), below 1 is faster.
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { printRace, race } from "./support/paired.mjs";
import { pytorch } from "./support/pytorch.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "12" },
    units: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
    compile: { type: "boolean", default: false },
  },
});
const python = pytorch();
const here = (file) => fileURLToPath(new URL(`step/${file}`, import.meta.url));
const env = { BENCH_THREADS: values.threads };
const variants = ["plain", "channels_last", ...(values.compile ? ["compile"] : [])];
const rows = await race(
  [
    ...variants.map((variant) => ({
      name: `PyTorch ${variant}`,
      command: [python, here("pytorch.py"), variant],
      env,
    })),
    { name: "longtail", command: [process.execPath, here("longtail.mjs")], env },
  ],
  { rounds: Number(values.rounds), unitsPerRound: Number(values.units), warmUp: 3 },
);
printRace(`NCL step, 3 x ResNet-32, batch 64, ${values.threads} threads`, rows);
