// Every comparison, one after the other, into bench/RESULTS.md with the machine and the versions.
//   npm run bench -- [--rounds 12] [--out bench/RESULTS.md] [--skip pipeline,scaling]
// About an hour and a half on two cores; torch.compile needs g++.
import { execFileSync, spawnSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "../dist/support/atomic-file.js";
import { engineInfo } from "../dist/torch/settings.js";
import { pytorch } from "./support/pytorch.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "12" },
    out: { type: "string", default: fileURLToPath(new URL("RESULTS.md", import.meta.url)) },
    skip: { type: "string", default: "" },
  },
});
const rounds = ["--rounds", values.rounds];
const folder = dirname(values.out);
const PLOT = "scaling.svg";
const BENCHES = [
  { name: "step", about: "Training step and its peak memory", args: [...rounds, "--compile"] },
  { name: "inference", about: "Predictions in evaluation mode", args: [...rounds, "--compile"] },
  { name: "evaluation", about: "A whole evaluation", args: [] },
  { name: "epoch", about: "A whole epoch of training", args: [] },
  {
    ...{ name: "scaling", about: "Cost of an image as threads and work grow" },
    args: ["--plot", relative(process.cwd(), join(folder, PLOT))],
    picture: {
      file: PLOT,
      text: "CPU time of an image as threads, batch, experts, classes and image size grow",
    },
  },
  { name: "pipeline", about: "From image files to batches", args: [] },
  { name: "overlap", about: "What making batches costs a training", args: [] },
  { name: "start", about: "Start-up", args: [] },
];

function machine() {
  const { cpuCapability, version } = engineInfo();
  const versions =
    "import torch, torchvision, sys; print(torch.__version__, torchvision.__version__, sys.version.split()[0])";
  const [torch, vision, python] = execFileSync(pytorch(), ["-c", versions], { encoding: "utf8" })
    .trim()
    .split(" ");
  return [
    `- ${cpus().length} cores (${cpus()[0].model}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`,
    `- longtail with libtorch ${version}, ${cpuCapability}, Node.js ${process.version}`,
    `- PyTorch ${torch}, torchvision ${vision}, Python ${python}`,
    `- ${new Date().toISOString().slice(0, 10)}; load before the first comparison: ${loadavg()[0].toFixed(1)}`,
  ];
}

/** What a bench prints. */
function run({ name, args }) {
  console.error(`${name} …`);
  const script = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`bench/${name}.mjs ended with ${status}`);
  return stdout.trim();
}

const sections = [
  "# Measured\n\nWritten by `npm run bench`. Competitors take turns in one run; ratios are of the same rounds.",
  machine().join("\n"),
];
for (const bench of BENCHES.filter(({ name }) => !values.skip.split(",").includes(name))) {
  const command = [`bench/${bench.name}.mjs`, ...bench.args].join(" ");
  sections.push(`## ${bench.about}\n\n\`node ${command}\`\n\n\`\`\`\n${run(bench)}\n\`\`\``);
  if (bench.picture) sections.push(`![${bench.picture.text}](${bench.picture.file})`);
  writeFileAtomic(values.out, `${sections.join("\n\n")}\n`); // after each: what was measured stays when the rest is cut short
}
console.error(values.out);
