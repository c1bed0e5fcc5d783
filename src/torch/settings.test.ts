import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { tensor } from "./create.js";
import { scope } from "./scope.js";
import { autocast, engineInfo, getThreads, setDeterministic, setThreads, takeWarnings } from "./settings.js";

describe("settings", () => {
  it("sets the number of threads", () => {
    const before = getThreads();
    setThreads(1);
    expect(getThreads()).toBe(1);
    setThreads(before);
    expect(() => setThreads(0)).toThrowErrorMatchingInlineSnapshot(
      `[TypeError: setThreads: expected at least 1 thread, received 0]`,
    );
  });

  it("casts matrix products while autocast is on", () => {
    using _ = scope();
    const x = tensor([1, 2, 3, 4], { shape: [2, 2] });
    {
      using _cast = autocast("bfloat16");
      expect(x.matmul(x).dtype).toBe("bfloat16");
    }
    expect(x.matmul(x).dtype).toBe("float32");
  });

  it("switches libtorch to deterministic algorithms and back", () => {
    setDeterministic(true);
    expect(engineInfo().deterministic).toBe(true);
    setDeterministic(false);
    expect(engineInfo().deterministic).toBe(false);
  });

  it("collects libtorch's warnings instead of printing them", () => {
    using _ = scope();
    takeWarnings();
    tensor([1, 2, 3], { shape: [1, 3] }).max(); // no warning
    expect(takeWarnings()).toEqual([]);
    expect(tensor([1]).setRequiresGrad().mul(1).grad).toBeNull(); // reading the gradient of a tensor that is no leaf warns
    expect(takeWarnings()).toEqual([expect.stringContaining("not a leaf")]);
    expect(takeWarnings()).toEqual([]);
  });

  it("knows the engine's version", () => {
    expect(engineInfo().version).toBe("2.11.0");
  });
});

describe("worker threads", () => {
  it("compute side by side with the main thread, and may end at any time", async () => {
    const module = new URL("../../dist/torch/", import.meta.url).href;
    const code = `
      const { parentPort } = require("node:worker_threads");
      Promise.all([import("${module}create.js"), import("${module}scope.js")]).then(([{ tensor }, { scope }]) => {
        const open = scope();
        const x = tensor([1, 2]).setRequiresGrad();
        x.mul(x).sum().backward();
        const gradient = x.grad.toList();
        open[Symbol.dispose]();
        parentPort.postMessage(gradient);
      });`;
    const results = await Promise.all(
      [0, 1, 2].map(
        () =>
          new Promise((resolve, reject) => {
            const worker = new Worker(code, { eval: true });
            worker.once("message", (value) => void worker.terminate().then(() => resolve(value)));
            worker.once("error", reject);
          }),
      ),
    );
    expect(results).toEqual([
      [2, 4],
      [2, 4],
      [2, 4],
    ]);
    using _ = scope();
    expect(tensor([1]).add(1).item()).toBe(2);
  });
});
