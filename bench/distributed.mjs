// One process with two threads against two processes with one each, on NCL's CIFAR-100-LT step (3 x ResNet-32, 32 px,
// 100 classes) at the same batch, with batch norm over both processes' images and over each one's own. The settings take
// turns, round by round; a setting's processes wait while it is another's turn. Also counts the bytes that a step sends on
// the loopback interface, beside what docs/distributed.md's model says.
//   npm run bench:distributed -- [--batch 64] [--steps 4] [--rounds 6]
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort } from "../dist/support/process.js";
import { printRace, race } from "./support/paired.mjs";

const { values } = parseArgs({
  options: {
    batch: { type: "string", default: "64" },
    steps: { type: "string", default: "4" },
    rounds: { type: "string", default: "6" },
    worker: { type: "string" },
  },
});
const batch = Number(values.batch);
const file = fileURLToPath(import.meta.url);
const load = (path) => import(new URL(`../dist/${path}`, import.meta.url));

/** Bytes that the loopback interface has carried. */
function loopbackBytes() {
  const [, numbers = ""] = /^\s*lo:(.*)$/m.exec(readFileSync("/proc/net/dev", "utf8")) ?? [];
  return Number(numbers.trim().split(/\s+/)[8]);
}

/** The process's place among the others, or alone. */
async function peersHere() {
  const { rankInfoFrom } = await load("distributed/rank-info.js");
  const { joinWorld } = await load("distributed/rendezvous.js");
  const { ALONE } = await load("distributed/peers.js");
  const place = rankInfoFrom(process.env);
  return place ? joinWorld(place, { timeoutMs: 120_000 }) : ALONE;
}

/** What a training step needs, of NCL's recipe for CIFAR-100-LT. */
async function prepare(peers, synchronized) {
  const { GradientReducer } = await load("distributed/gradient-reducer.js");
  const { synchronizeBatchNorm } = await load("nn/batch-norm.js");
  const { buildMethod } = await load("methods/index.js");
  const { Sgd } = await load("optim/sgd.js");
  const { loadRecipe } = await load("recipes/load.js");
  const recipe = await loadRecipe("cifar100-lt-ncl");
  const counts = Array.from({ length: 100 }, (_, c) => Math.floor(500 * 0.01 ** (c / 99)));
  const method = buildMethod(recipe, { classes: counts.map(String), counts }, peers);
  method.model.to({ memoryFormat: "channels_last" }).train();
  if (peers.group && synchronized) synchronizeBatchNorm(method.model, peers.group.id);
  const parameters = method.model.parameters();
  const reducer = peers.group && new GradientReducer(peers.group, parameters);
  const optimizer = new Sgd(parameters, { ...recipe.optimizer, lr: 1e-3 });
  return { method, optimizer, precision: "float32", accumulate: 1, peers, reducer };
}

/** Does as many steps as it is told; returns what they took, of this process. */
async function stepper(options) {
  const { Rng } = await load("torch/random.js");
  const { tensor } = await load("torch/create.js");
  const { trainStep } = await load("training/step.js");
  const { scoped } = await import("./support/scoped.mjs");
  const { rank, worldSize } = options.peers;
  const own = batch / worldSize;
  let step = 0;
  const one = () => {
    const images = new Rng(rank, step).normal([own, 3, 32, 32]).to({ memoryFormat: "channels_last" });
    const classes = Array.from({ length: own }, (_, i) => (i * 7 + step) % 100);
    trainStep({ images, labels: tensor(classes, { dtype: "int64" }), total: batch }, options);
    step += 1;
  };
  return (steps) => {
    const [before, cpu, started] = [loopbackBytes(), process.cpuUsage(), performance.now()];
    for (let i = 0; i < steps; i += 1) scoped(one);
    const { user, system } = process.cpuUsage(cpu);
    return {
      seconds: (performance.now() - started) / 1000,
      cpuSeconds: (user + system) / 1e6,
      peakMemory: process.resourceUsage().maxRSS * 1024,
      sent: (loopbackBytes() - before) / steps,
    };
  };
}

/** What the model of docs/distributed.md needs to know of the network. */
function sizesOf(model) {
  const sum = (tensors) => tensors.reduce((total, { size }) => total + size, 0);
  const means = model.namedBuffers().filter(([name]) => name.endsWith("running_mean"));
  return {
    numbers: sum(model.parameters()),
    channels: sum(means.map(([, mean]) => mean)),
    norms: means.length,
  };
}

/** The second process of a setting, as the first one sees it: an answer for each line. */
function second(setting, port) {
  const child = spawn(
    process.execPath,
    [file, "--batch", values.batch, "--worker", JSON.stringify(setting)],
    {
      env: { ...process.env, ...placeOf(1, port) },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  process.once("exit", () => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (line) => {
    child.stdin.write(`${line}\n`);
    return JSON.parse((await lines.next()).value);
  };
}

const placeOf = (rank, port) => ({
  RANK: rank,
  LOCAL_RANK: rank,
  WORLD_SIZE: 2,
  MASTER_ADDR: "127.0.0.1",
  MASTER_PORT: port,
});

/** The first process of a setting speaks for both; either ends with its input. */
async function work(setting) {
  const isFirst = process.env.RANK === undefined;
  const port = isFirst && setting.processes === 2 ? await freePort() : null;
  const other = port && second(setting, port);
  if (port) Object.assign(process.env, placeOf(0, port));
  const { setThreads } = await load("torch/settings.js");
  const peers = await peersHere();
  setThreads(setting.threads);
  const options = await prepare(peers, setting.synchronized);
  const run = await stepper(options);
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = other?.(line);
    const own = run(Number(line));
    const both = [own, ...(answer ? [await answer] : [])];
    const most = (key) => Math.max(...both.map((one) => one[key]));
    const sum = (key) => both.reduce((total, one) => total + one[key], 0);
    console.log(
      JSON.stringify({
        seconds: most("seconds"),
        cpuSeconds: sum("cpuSeconds"),
        peakMemory: sum("peakMemory"),
        sent: own.sent,
        check: { sent: own.sent, ...sizesOf(options.method.model) },
      }),
    );
  }
  process.exit();
}

const SETTINGS = {
  "1 x 2 threads": { processes: 1, threads: 2 },
  "2 x 1, norm of each": { processes: 2, threads: 1, synchronized: false },
  "2 x 1, norm over both": { processes: 2, threads: 1, synchronized: true },
};

async function main() {
  const competitors = Object.entries(SETTINGS).map(([name, setting]) => ({
    name,
    command: [process.execPath, file, "--batch", values.batch, "--worker", JSON.stringify(setting)],
  }));
  const rows = await race(competitors, {
    rounds: Number(values.rounds),
    unitsPerRound: Number(values.steps),
    warmUp: 3,
  });
  printRace(`NCL's step on CIFAR-100-LT, ${batch} images`, rows);
  console.log(
    "\n                        speed relative to the first   MB a step on the loopback, and by the model",
  );
  for (const { name, ratio, check } of rows.slice(1)) {
    // Two processes: each sends every gradient once, and to the other its float64 sums of batch norm.
    const norms = SETTINGS[name].synchronized ? 8 * (4 * check.channels + check.norms) : 0;
    const model = (2 * (4 * check.numbers + norms)) / 1e6;
    console.log(
      `${name.padEnd(22)}${(1 / ratio.median).toFixed(2).padStart(29)}${(check.sent / 1e6).toFixed(2).padStart(24)}${model.toFixed(2).padStart(10)}`,
    );
  }
}

await (values.worker ? work(JSON.parse(values.worker)) : main());
