// Training steps on an NVIDIA GPU beside PyTorch's: epochs a second of cifar100-lt-ncl, images a second of a ResNet-50 of
// imagenet-lt. Sets up whatever it needs (PyTorch, whose libtorch longtail then runs on as well; the CUDA library).
//   npm run bench:gpu -- [--rounds 5] [--units 30] [--only resnet32] [--batch N] [--out bench/RESULTS-GPU.md]
//   npm run bench:gpu -- --device cpu --dry-run     everything on the CPU, once and tiny: whether the scripts work
import { execFileSync, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "../dist/support/atomic-file.js";
import { CIFAR, IMAGENET } from "./network/spec.mjs";
import { race } from "./support/paired.mjs";
import { pytorch, pytorchCompetitor } from "./support/pytorch.mjs";

const { values } = parseArgs({
  options: {
    device: { type: "string", default: "cuda:0" },
    rounds: { type: "string", default: "5" },
    units: { type: "string", default: "30" }, // steps a round
    only: { type: "string" }, // a backbone
    batch: { type: "string" }, // of the ResNet-50; 128 fits 40 GB
    out: { type: "string" },
    "dry-run": { type: "boolean", default: false },
  },
});
const { device } = values;
const dry = values["dry-run"];
const EPOCH = 10_847; // training images of CIFAR-100-LT, imbalance 100

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const tiny = dry ? { experts: 1, backbone: "resnet8", batch: 4 } : {};
const settings = [
  {
    ...{ ...CIFAR, ...tiny },
    title: "cifar100-lt-ncl",
    theirs: [
      "plain",
      "channels_last+bfloat16",
      "channels_last+bfloat16+graph",
      "channels_last+bfloat16+compile",
    ],
    own: ["float32", "bfloat16", "float16", "bfloat16+images", "bfloat16+streams"],
  },
  {
    ...{ ...IMAGENET, batch: Number(values.batch ?? (dry ? 2 : 128)), size: dry ? 32 : 224 },
    title: "imagenet-lt, one ResNet-50 with NCL's losses",
    theirs: [
      "plain",
      "channels_last+bfloat16",
      "channels_last+bfloat16+graph",
      "channels_last+bfloat16+compile",
    ],
    own: ["float32", "bfloat16", "float16"],
  },
];

/** The GPU's name and driver. Ends the process where there is none. */
function gpu() {
  const asked = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
  const { status, stdout } = spawnSync("nvidia-smi", asked, { encoding: "utf8" });
  if (status === 0) return stdout.trim().split("\n")[Number(device.split(":")[1] ?? 0)];
  console.error(
    "bench:gpu: expected an NVIDIA GPU with its driver, found none (nvidia-smi). " +
      "`npm run bench:gpu -- --device cpu --dry-run` runs the same on the CPU, once and tiny.",
  );
  process.exit(1);
}

/** longtail on PyTorch's own libtorch, with the CUDA library built for it. */
function setUp(python) {
  const find = "import os, torch; print(os.path.dirname(torch.__file__))";
  const torch = execFileSync(python, ["-c", find], { encoding: "utf8" }).trim();
  const env = { LONGTAIL_TORCH: torch };
  execFileSync(process.execPath, [join(dirname(here("gpu.mjs")), "../scripts/build-cuda.mjs"), "--headers"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", 2, 2],
  });
  return env;
}

function competitors({ theirs, own, ...setting }, env) {
  const spec = JSON.stringify({ ...setting, device, threads: 2 });
  const fast = dry ? theirs.filter((variant) => !variant.endsWith("compile")) : theirs;
  return [
    ...fast.map((variant) =>
      pytorchCompetitor({
        name: `PyTorch ${variant}`,
        script: here("network/pytorch.py"),
        args: [spec, variant],
      }),
    ),
    ...own.map((variant) => ({
      name: `longtail ${variant}`,
      command: [process.execPath, here("network/longtail.mjs"), spec, variant],
      env,
    })),
  ];
}

function table({ title, experts, backbone, batch, size }, rows) {
  const lines = rows.map(({ name, milliseconds, ratio }) => {
    const perSecond = (1000 * batch) / milliseconds;
    const spread = `${ratio.median.toFixed(3)} (${ratio.least.toFixed(3)} … ${ratio.most.toFixed(3)})`;
    const epochs =
      size === CIFAR.size && !title.startsWith("imagenet") ? (perSecond / EPOCH).toFixed(3) : "–";
    return `| ${name} | ${milliseconds.toFixed(2)} | ${perSecond.toFixed(0)} | ${epochs} | ${spread} |`;
  });
  return [
    `## ${title}: ${experts} x ${backbone}, batch ${batch}, ${size} px`,
    "",
    "| | ms a step | images/s | epochs/s | time relative to the first: median (least … most) |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

const machine = device === "cpu" ? "the CPU: a dry run, whose numbers mean nothing" : gpu();
const env = setUp(pytorch());
const rounds = dry
  ? { rounds: 1, unitsPerRound: 1, warmUp: 5 }
  : { rounds: Number(values.rounds), unitsPerRound: Number(values.units), warmUp: 20 };
const sections = [
  "# Training steps on a GPU\n\n" +
    `\`npm run bench:gpu\` on ${machine}; median over ${rounds.rounds} interleaved rounds of ${rounds.unitsPerRound} steps. ` +
    'Batches lie on the GPU already, but where it says "images": there the loader makes them of images in memory, as in ' +
    'training. "streams": LONGTAIL_EXPERT_STREAMS=on.',
];
for (const setting of settings.filter(({ backbone }) => (values.only ?? backbone) === backbone)) {
  sections.push(table(setting, await race(competitors(setting, env), rounds)));
  console.log(`${sections.at(-1)}\n`);
}
if (values.out) writeFileAtomic(values.out, `${sections.join("\n\n")}\n`);
