/** Folders made by two threads at a time, with the built code. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

const threads = 2;
const rounds = 500;

const module = new URL("../dist/support/paths.js", import.meta.url).href;

/** Makes a folder of each round as soon as all threads are there; tells what went wrong. */
const racer = `
  const { parentPort, workerData: { folder, arrived } } = require("node:worker_threads");
  import(${JSON.stringify(module)}).then(({ makeFolder }) => {
    const errors = [];
    for (let round = 0; round < ${rounds}; round++) {
      Atomics.add(arrived, round, 1);
      while (Atomics.load(arrived, round) < ${threads}) ;
      try {
        makeFolder(folder + "/" + round + "/a/b/c");
      } catch (error) {
        errors.push(error.message);
      }
    }
    parentPort.postMessage(errors);
  });`;

test("of those that make the same folders at once none fails", async () => {
  const folder = mkdtempSync(join(tmpdir(), "longtail-make-folder-"));
  try {
    const arrived = new Int32Array(new SharedArrayBuffer(4 * rounds));
    const workers = Array.from(
      { length: threads },
      () => new Worker(racer, { eval: true, workerData: { folder, arrived } }),
    );
    const errors = await Promise.all(workers.map((worker) => once(worker, "message")));
    expect(errors.flat(2)).toEqual([]);
    for (let round = 0; round < rounds; round++)
      expect(statSync(join(folder, String(round), "a/b/c")).isDirectory()).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
