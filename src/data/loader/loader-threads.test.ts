/** Ends of a process or worker while producers are at work. The code under test runs compiled: workers take no TypeScript. */
import { spawnSync } from "node:child_process";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { vision } from "../vision.js";

const dist = new URL("../../../dist/", import.meta.url).href;

/** A script's start: a loader over 400 images in memory. */
const START = `
  const { Loader } = await import("${dist}data/loader/loader.js");
  const { instanceSampler } = await import("${dist}data/samplers/sampler.js");
  const { scope } = await import("${dist}torch/scope.js");
  const side = 32, size = 400;
  const bytes = new Uint8Array(new SharedArrayBuffer(size * 3 * side * side)).map((_, i) => i % 251);
  const dataset = { root: "memory", labels: new Int32Array(size), size, pixels: { kind: "packed", bytes, height: side, width: side } };
  const loader = new Loader({ dataset, transforms: [{ kind: "random-crop", size: side, padding: 4 }], imageSize: side,
    mean: [0, 0, 0], std: [1, 1, 1], batch: 16, sampler: instanceSampler({ size, seed: 1 }), dropLast: false, seed: 1, workers: 3, memoryFormat: "channels_last" });
  function sumOf(batches) {
    const open = scope();
    const { value } = batches.next();
    const sum = value.images.sum().item();
    open[Symbol.dispose]();
    return sum;
  }
`;

function runScript(code: string): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", START + code],
    {
      encoding: "utf8",
      timeout: 60_000,
    },
  );
  return { status, stdout, stderr };
}

describe("a process with batches in the making", () => {
  it("ends when its work is done, though the loader was not disposed of", () => {
    expect(runScript(`sumOf(loader.epoch(0)); console.log("done");`)).toEqual({
      status: 0,
      stdout: "done\n",
      stderr: "",
    });
  });

  it("ends on process.exit", () => {
    expect(runScript(`sumOf(loader.epoch(0)); process.exit(3);`).status).toBe(3);
  });

  it("ends on an uncaught error", () => {
    const { status, stderr } = runScript(`sumOf(loader.epoch(0)); throw new Error("thrown");`);
    expect(status).toBe(1);
    expect(stderr).toContain("Error: thrown");
  });
});

describe("worker threads", () => {
  function startWorker(code: string): Worker {
    const script = `const { parentPort } = require("node:worker_threads"); (async () => {${START}${code}})();`;
    return new Worker(script, { eval: true });
  }

  const firstMessage = (worker: Worker): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });

  it("make the same batches side by side", async () => {
    const code = `const batches = loader.epoch(0); parentPort.postMessage([1, 2, 3].map(() => sumOf(batches))); loader[Symbol.dispose]();`;
    const sums = await Promise.all([1, 2, 3].map(() => firstMessage(startWorker(code))));
    expect(sums[0]).toHaveLength(3);
    expect(sums[1]).toEqual(sums[0]);
    expect(sums[2]).toEqual(sums[0]);
  });

  it("can be terminated at any time, even while they wait for a batch", async () => {
    const busy = startWorker(`
      for (let epoch = 0; ; epoch++) {
        sumOf(loader.epoch(epoch));
        parentPort.postMessage(epoch);
      }`);
    await firstMessage(busy);
    expect(await busy.terminate()).toBe(1);
    const waiting = startWorker(`
      const { vision } = await import("${dist}data/vision.js");
      const { pixels } = dataset;
      const idle = vision().openProducer({ pixels, views: [[]], drawn: [[]], size: side, seed: 0, threads: 0, prefetch: 1, reduce: false, pinned: false, normalizer: null });
      vision().planBatches(idle, { epoch: 0, images: Int32Array.of(0), counts: Int32Array.of(0), batch: 1 });
      parentPort.postMessage("waiting");
      while (vision().nextBatch(idle, 100) === undefined);`); // no thread ever makes it
    await firstMessage(waiting);
    expect(await waiting.terminate()).toBe(1);
  });

  it("take their producers with them", async () => {
    const worker = startWorker(`
      const { vision } = await import("${dist}data/vision.js");
      const { pixels } = dataset;
      parentPort.postMessage(vision().openProducer({ pixels, views: [[]], drawn: [[]], size: side, seed: 0, threads: 1, prefetch: 1, reduce: false, pinned: false, normalizer: null }));
      setInterval(() => {}, 1000);`);
    const producer = (await firstMessage(worker)) as number;
    vision().cancelBatches(producer);
    expect(await worker.terminate()).toBe(1);
    expect(() => vision().cancelBatches(producer)).toThrowError("the loader was closed");
  });
});
