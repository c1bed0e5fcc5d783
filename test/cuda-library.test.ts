/** The library for GPUs, compiled against an engine with CUDA and opened: neither needs a GPU. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { locateEngine } from "../src/libtorch/locate.js";
import { userCacheFolder } from "../src/support/paths.js";
import { loadCudaLibrary } from "../src/torch/cuda.js";
import { availableDevices } from "../src/torch/devices.js";

const root = join(import.meta.dirname, "..");

/** The torch folder of an engine with CUDA: the installed one, or that of the PyTorch which the bench compares with. */
function engineWithCuda(): string | null {
  const engine = locateEngine();
  if (engine.cuda) return engine.root;
  const environment = join(userCacheFolder(process.env), `bench-pytorch-${engine.version}/lib`);
  const pythons = existsSync(environment) ? readdirSync(environment) : [];
  const found = pythons.map((python) => join(environment, python, "site-packages/torch"));
  return found.find((torch) => existsSync(join(torch, "lib/libtorch_cuda.so"))) ?? null;
}

const torch = engineWithCuda();

test.skipIf(torch === null)(
  "it compiles and opens with every symbol found, and knows that there is no GPU or how many",
  async ({ skip }) => {
    process.env["LONGTAIL_TORCH"] = torch!;
    const build = promisify(execFile)(process.execPath, ["scripts/build-cuda.mjs"], { cwd: root });
    const { stdout: reported } = await build; // a minute or more: the worker goes on answering meanwhile
    if (reported.startsWith("the CUDA library is not built")) skip(reported.trim());
    loadCudaLibrary();
    expect(availableDevices().join()).toMatch(/^cpu(,cuda:\d+)*$/);
  },
  300_000,
);
