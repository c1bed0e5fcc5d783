import { expect, test } from "vitest";
import { GpuMeter, type RunProgram } from "./gpu-use.js";

const GPUS = "GPU-a, 0, NVIDIA H100, 97, 40000, 81559\nGPU-b, 1, NVIDIA H100, [N/A], 10, 81559\n";
const APPS = "GPU-b, 4711\n";

function smi(calls: string[], gpus = GPUS, apps = APPS): RunProgram {
  return (program, [query = ""]) => {
    calls.push(program);
    return Promise.resolve(query.startsWith("--query-gpu") ? gpus : apps);
  };
}

test("the GPUs that a process computes on", async () => {
  const meter = new GpuMeter(smi([]));
  expect(await meter.read({ pid: 4711, device: "cuda", now: 0 })).toEqual([
    { index: 1, name: "NVIDIA H100", busy: null, memory: 10 << 20, memoryTotal: 81559 * 2 ** 20 },
  ]);
});

test("in a container, where its number is another, the one that the device names", async () => {
  const meter = new GpuMeter(smi([]));
  expect(await meter.read({ pid: 1, device: "cuda:0", now: 0 })).toMatchObject([{ index: 0, busy: 97 }]);
});

test("is asked every three seconds, not at all for a run on the CPU, and once where there is no nvidia-smi", async () => {
  const calls: string[] = [];
  const meter = new GpuMeter(smi(calls));
  expect(await meter.read({ pid: 4711, device: "cpu", now: 0 })).toEqual([]);
  for (const now of [0, 1000, 2000]) await meter.read({ pid: 4711, device: "cuda", now });
  expect(calls).toHaveLength(2);
  const missing: string[] = [];
  const none = new GpuMeter((program) => {
    missing.push(program);
    return Promise.reject(Object.assign(new Error("not found"), { code: "ENOENT" }));
  });
  for (const now of [0, 10_000]) expect(await none.read({ pid: 1, device: "cuda", now })).toEqual([]);
  expect(missing).toEqual(["nvidia-smi"]);
});
