// Kills a small training at random moments (SIGKILL: in steps, evaluations and the middle of writing checkpoints), resumes
// it each time, and compares what comes out with the training that was left alone: every byte of the weights, and nothing
// left behind. Ends with 1 when anything differs.
//   npm run bench:kill -- [--kills 100] [--seed 0]
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "0" } },
});
const path = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "longtail-kill-"));
const data = join(folder, "data");

/** A few classes of the embedded photographs, with few images each. */
function writeData() {
  for (const split of ["train", "test"])
    for (const name of ["airplanes", "helicopter", "scorpion"]) {
      const from = join(path("../examples/caltech20-lt"), split, name);
      mkdirSync(join(data, split, name), { recursive: true });
      for (const file of readdirSync(from).sort().slice(0, 16))
        cpSync(join(from, file), join(data, split, name, file));
    }
}

/** A checkpoint after every step, dropout, averages and a held-out selection: everything that has a state. */
const settings = [
  ["epochs", 4],
  ["data.batch", 8],
  ["method.hardCategories", 2],
  ["dropout", 0.5],
  ["ema.decay", 0.9],
  ["selection.kind", "held-out"],
  ["evaluation.every", 2],
  ["checkpoints.steps", 1],
].flatMap(([key, value]) => ["--set", `${key}=${value}`]);

/** Trains into `out`, going on with what is there. Kills it after `milliseconds`; true when it ended by itself before. */
function train(out, milliseconds = Infinity) {
  const args = [
    "train",
    "caltech20-lt-ncl",
    "--data",
    data,
    "--out",
    out,
    "--threads",
    "1",
    "--resume",
    ...settings,
  ];
  const child = spawn(process.execPath, [path("../bin/longtail.js"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  const timer = Number.isFinite(milliseconds)
    ? setTimeout(() => child.kill("SIGKILL"), milliseconds)
    : undefined;
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || signal === "SIGKILL") resolve(code === 0);
      else reject(new Error(`a resumed training ended with ${code}:\n${text}`));
    });
  });
}

/** Uniform in [0, 1) by mulberry32. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function assertSame(out, whole) {
  for (const name of ["last", "best"]) {
    const file = join("checkpoints", `${name}.safetensors`);
    if (!readFileSync(join(out, file)).equals(readFileSync(join(whole, file))))
      throw new Error(`${out}: ${file} differs`);
  }
  const left = readdirSync(out, { recursive: true }).filter((name) => name.endsWith(".tmp"));
  if (left.length > 0) throw new Error(`${out}: left behind: ${left.join(", ")}`);
}

async function main() {
  writeData();
  const random = randomNumbers(Number(values.seed));
  const whole = join(folder, "whole");
  const started = performance.now();
  await train(whole);
  const duration = performance.now() - started;
  let [kills, runs] = [0, 0];
  while (kills < Number(values.kills)) {
    const out = join(folder, `run-${runs}`);
    while (kills < Number(values.kills) && !(await train(out, random() * duration))) kills += 1;
    await train(out);
    assertSame(out, whole);
    runs += 1;
    rmSync(out, { recursive: true });
    console.log(
      `${kills} kills, ${runs} ${runs === 1 ? "training" : "trainings"}: the same weights, nothing left behind`,
    );
  }
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
