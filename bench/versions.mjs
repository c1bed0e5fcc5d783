// A training step of this tree against another built checkout's, a process each, in turns.
//   node bench/versions.mjs --other DIR --recipe NAME --data DIR [--rounds 12] [--steps 20] [--threads 2]
// Ratios are this tree's to the other's, of wall and of CPU time of a step; below 1 is faster.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./support/paired.mjs";

const { values } = parseArgs({
  options: {
    other: { type: "string" },
    recipe: { type: "string", default: "caltech20-lt-ncl" },
    data: { type: "string" },
    rounds: { type: "string", default: "12" },
    steps: { type: "string", default: "20" },
    threads: { type: "string", default: "2" },
  },
});
if (values.other === undefined || values.data === undefined)
  throw new Error(
    "expected --other DIR, a built checkout to compare with, and --data DIR, the recipe's images",
  );
const data = resolve(values.data);
const here = fileURLToPath(new URL("..", import.meta.url));

/** Milliseconds of a step by the clock and of CPU, as `longtail profile` of that tree measures them. */
function profile(tree) {
  const settings = ["--data", data, "--steps", values.steps, "--threads", values.threads, "--json"];
  const command = ["bin/longtail.js", "profile", values.recipe, ...settings];
  const { step, cpu } = JSON.parse(
    execFileSync(process.execPath, command, { cwd: tree, stdio: ["ignore", "pipe", "pipe"] }),
  );
  return { step, cpu };
}

const ratios = { step: [], cpu: [] };
for (let round = 0; round < Number(values.rounds); round++) {
  const trees = round % 2 === 0 ? [here, values.other] : [values.other, here];
  const measured = new Map(trees.map((tree) => [tree, profile(tree)]));
  for (const kind of ["step", "cpu"])
    ratios[kind].push(measured.get(here)[kind] / measured.get(values.other)[kind]);
  console.log(
    `round ${round + 1}: wall ${ratios.step.at(-1).toFixed(3)}, CPU ${ratios.cpu.at(-1).toFixed(3)} ` +
      `(${measured.get(here).step.toFixed(1)} and ${measured.get(values.other).step.toFixed(1)} ms a step)`,
  );
}
for (const [kind, all] of Object.entries(ratios)) {
  const sorted = [...all].sort((a, b) => a - b);
  console.log(
    `${kind}: median ${median(all).toFixed(3)}, ${sorted[0].toFixed(3)} to ${sorted.at(-1).toFixed(3)}`,
  );
}
