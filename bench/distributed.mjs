// One process with two threads against two processes with one each, on NCL's CIFAR-100-LT step (3 x ResNet-32, 32 px,
// 100 classes) at the same batch: milliseconds a step, the ratio, and the bytes that a step sends, counted on the loopback
// interface, beside what docs/scaling.md's model says. Does the same with batch norm of each process alone.
//   npm run bench:distributed -- [--batch 64] [--steps 20]
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const { values } = parseArgs({
  options: {
    batch: { type: "string", default: "64" },
    steps: { type: "string", default: "20" },
    worker: { type: "string" },
  },
});
const [batch, steps] = [Number(values.batch), Number(values.steps)];
const load = (path) => import(new URL(`../dist/${path}`, import.meta.url));

/** Bytes that the loopback interface has carried. */
function loopbackBytes() {
  const [, numbers = ""] = /^\s*lo:(.*)$/m.exec(readFileSync("/proc/net/dev", "utf8")) ?? [];
  return Number(numbers.trim().split(/\s+/)[8]);
}

/** The process's place among the others, or alone. */
async function peersHere() {
  const { placeFrom } = await load("distributed/place.js");
  const { joinWorld } = await load("distributed/rendezvous.js");
  const { ALONE } = await load("distributed/peers.js");
  const place = placeFrom(process.env);
  return place ? joinWorld(place, { timeoutMs: 120_000 }) : ALONE;
}

/** What a training step needs, of NCL's recipe for CIFAR-100-LT. */
async function prepare(peers, synchronised) {
  const { GradientReducer } = await load("distributed/gradient-reducer.js");
  const { synchroniseBatchNorm } = await load("nn/batch-norm.js");
  const { buildMethod } = await load("methods/registry.js");
  const { Sgd } = await load("optim/sgd.js");
  const { loadRecipe } = await load("recipes/load.js");
  const recipe = await loadRecipe("cifar100-lt-ncl");
  const counts = Array.from({ length: 100 }, (_, c) => Math.floor(500 * 0.01 ** (c / 99)));
  const method = buildMethod(recipe, { classes: counts.map(String), counts }, peers);
  method.model.to({ memoryFormat: "channels_last" }).train();
  if (peers.group && synchronised) synchroniseBatchNorm(method.model, peers.group.id);
  const parameters = method.model.parameters();
  const reducer = peers.group && new GradientReducer(peers.group, parameters);
  const optimizer = new Sgd(parameters, { ...recipe.optimizer, lr: 1e-3 });
  return { method, optimizer, precision: "float32", accumulate: 1, peers, reducer };
}

/** Milliseconds of each step after the first three, and the bytes that went over the loopback in one. */
async function timed(options) {
  const { scope } = await load("torch/scope.js");
  const { Rng } = await load("torch/random.js");
  const { tensor } = await load("torch/create.js");
  const { trainStep } = await load("training/step.js");
  const { rank, ranks } = options.peers;
  const own = batch / ranks;
  const times = [];
  let before = 0;
  for (let step = -3; step < steps; step += 1) {
    const opened = scope();
    const images = new Rng(rank, step + 3).normal([own, 3, 32, 32]).to({ memoryFormat: "channels_last" });
    const classes = Array.from({ length: own }, (_, i) => (i * 7 + step + 3) % 100);
    const labels = tensor(classes, { dtype: "int64" });
    if (step === 0) before = loopbackBytes();
    const started = performance.now();
    trainStep({ images, labels, total: batch }, options);
    if (step >= 0) times.push(performance.now() - started);
    opened[Symbol.dispose]();
  }
  return { times, sent: (loopbackBytes() - before) / steps };
}

/** A process's part: the first tells what came of it. */
async function work({ synchronised, threads }) {
  const { setThreads } = await load("torch/settings.js");
  const peers = await peersHere();
  setThreads(threads);
  const options = await prepare(peers, synchronised);
  const { times, sent } = await timed(options);
  const { model } = options.method;
  const sum = (tensors) => tensors.reduce((total, { size }) => total + size, 0);
  const means = model.namedBuffers().filter(([name]) => name.endsWith("running_mean"));
  if (peers.rank === 0)
    console.log(
      JSON.stringify({
        median: times.sort((a, b) => a - b)[Math.floor(times.length / 2)],
        sent,
        numbers: sum(model.parameters()),
        channels: sum(means.map(([, mean]) => mean)),
        norms: means.length,
      }),
    );
  await peers.part?.();
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function measure(ranks, setting) {
  const port = await freePort();
  const file = fileURLToPath(import.meta.url);
  const args = [file, "--batch", values.batch, "--steps", values.steps, "--worker", JSON.stringify(setting)];
  const outputs = await Promise.all(
    Array.from({ length: ranks }, (_, rank) => {
      const place = {
        RANK: rank,
        LOCAL_RANK: rank,
        WORLD_SIZE: ranks,
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: port,
      };
      return promisify(execFile)(process.execPath, args, { env: { ...process.env, ...place } });
    }),
  );
  return JSON.parse(outputs[0].stdout);
}

async function main() {
  const whole = await measure(1, { threads: 2 });
  console.log(`1 process, 2 threads: ${whole.median.toFixed(0)} ms a step of ${batch} images`);
  for (const synchronised of [true, false]) {
    const two = await measure(2, { threads: 1, synchronised });
    const what = synchronised ? "batch norm over both" : "batch norm of each alone";
    // Two processes: each sends every gradient once; batch norm's sums are float64.
    const norms = synchronised ? 8 * (4 * two.channels + two.norms) : 0;
    const model = 2 * (4 * two.numbers + norms);
    console.log(
      `2 processes, 1 thread each, ${what}: ${two.median.toFixed(0)} ms, ${(whole.median / two.median).toFixed(2)} of its speed; ` +
        `${(two.sent / 1e6).toFixed(2)} MB a step on the loopback, the model says ${(model / 1e6).toFixed(2)}`,
    );
  }
}

await (values.worker ? work(JSON.parse(values.worker)) : main());
