/** The library for GPUs, compiled against an engine with CUDA and opened: neither needs a GPU. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { locateEngine } from "../src/engine/locate.js";
import { userCacheFolder } from "../src/support/cache-folder.js";

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
const node = (args: string[]): string =>
  execFileSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    // every symbol is looked up when the library is opened
    env: { ...process.env, LONGTAIL_TORCH: torch ?? "", LD_BIND_NOW: "1" },
  });

test.skipIf(torch === null)(
  "it compiles and opens, and knows that there is no GPU or how many",
  ({ skip }) => {
    const told = node(["scripts/build-cuda.mjs"]);
    if (told.startsWith("the CUDA library is not built")) skip(told.trim());
    const code = `
    const { loadCudaLibrary } = await import("./dist/torch/cuda.js");
    const { availableDevices } = await import("./dist/torch/settings.js");
    loadCudaLibrary();
    console.log(availableDevices().join());`;
    expect(node(["--input-type=module", "-e", code]).trim()).toMatch(/^cpu(,cuda:\d+)*$/);
  },
);
