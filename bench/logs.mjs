// What a training's logs cost: the same small training with every step in TensorBoard, all histograms each epoch and
// epochs.csv, and without them (metrics.jsonl and train.log always are), in turns. Epochs are 3 s, far shorter than usual.
//   npm run bench:logs -- [--rounds 6] [--epochs 3]
// Prints the processor time of an epoch with logs over that without, which others on the machine hardly change, and what a
// step's event costs the logs alone.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { train } from "../dist/index.js";
import { loadRecipe } from "../dist/recipes/load.js";
import { RunLogs } from "../dist/logs/run-logs.js";
import { runFolder } from "../dist/runs/run-folder.js";
import { median } from "./support/paired.mjs";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "6" }, epochs: { type: "string", default: "3" } },
});
const folder = mkdtempSync(join(tmpdir(), "longtail-logs-"));
const data = fileURLToPath(new URL("../examples/caltech20-lt", import.meta.url));
const none = { tensorboard: false, csv: false, histogramsEvery: null, images: 0 };
const all = { everySteps: 1, histogramsEvery: 1, histogramsOf: "all" };

/** Processor time of the epochs, without the first, in which everything is loaded. */
async function cpuTimeWith(logs, out) {
  const base = await loadRecipe("caltech20-lt-ncl");
  const recipe = {
    ...base,
    epochs: Number(values.epochs) + 1,
    evaluation: { ...base.evaluation, every: 1000 },
  };
  const moments = [];
  const listeners = [({ type }) => type === "epoch" && moments.push(cpuTime())];
  await train(
    { ...recipe, logs: { ...recipe.logs, ...logs } },
    { data, out: join(folder, out), threads: 1, listeners },
  );
  return moments.at(-1) - moments[0];
}

function cpuTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds that the logs take for a step's event, and that a step took (median) with its event. */
function eventCost(run) {
  const events = readFileSync(join(run, "metrics.jsonl"), "utf8").trimEnd().split("\n").map(JSON.parse);
  const steps = events.filter(({ type }) => type === "step");
  const [step] = steps;
  const { trainImages, stepsPerEpoch } = events.find(({ type }) => type === "run");
  const batch = trainImages / stepsPerEpoch;
  const logs = new RunLogs(
    runFolder(run),
    { tensorboard: true, csv: true, everySteps: 1 },
    { listeners: [] },
  );
  logs.hear(events[0]);
  const started = performance.now();
  for (let i = 0; i < 5000; i++) logs.hear({ ...step, step: i + 1 });
  const microseconds = (1000 * (performance.now() - started)) / 5000;
  logs[Symbol.dispose]();
  return [microseconds, median(steps.map(({ imagesPerSecond }) => (1e6 * batch) / imagesPerSecond))];
}

try {
  const ratios = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const plain = await cpuTimeWith(none, `none-${round}`);
    ratios.push((await cpuTimeWith(all, `all-${round}`)) / plain);
    process.stderr.write(`\rround ${round + 1}/${values.rounds}`);
  }
  const spread = `${Math.min(...ratios).toFixed(3)} … ${Math.max(...ratios).toFixed(3)}`;
  console.log(
    `\nall logs over none: ${median(ratios).toFixed(3)} (${spread}) of the processor time of an epoch`,
  );
  const [event, step] = eventCost(join(folder, "all-0"));
  console.log(`a step's event: ${event.toFixed(0)} µs, ${((100 * event) / step).toFixed(3)} % of a step`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
