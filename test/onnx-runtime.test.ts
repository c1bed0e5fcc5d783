/** A model file outside longtail's own process: without libtorch, in worker threads, in a browser. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exportOnnx } from "../src/inference/onnx/export-onnx.js";
import { openSession } from "../src/runtime/onnx-runtime.js";
import { load } from "../src/runtime/index.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../src/training/toy.fixture.js";
import { trainToy } from "../src/training/train-toy.fixture.js";
import { findChromium, openChromium } from "./support/chromium.js";

const root = fileURLToPath(new URL("..", import.meta.url));
let temporary: ReturnType<typeof temporaryFolder>;
const at = (name: string): string => join(temporary.path, name);
beforeAll(async () => {
  temporary = temporaryFolder();
  writeToyData(at("data"));
  await trainToy(toyRecipe(at("data")), at("run"));
  await exportOnnx(at("run"), { out: at("float32.onnx") });
  await exportOnnx(at("run"), { out: at("int8.onnx"), precision: "int8", accept: true });
}, 120_000);
afterAll(() => {
  temporary[Symbol.dispose]();
});

/** Predicts in a thread of its own and in the main one, and says whether libtorch is there. */
const PROGRAM = `
import { readFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
const { runtime, model, image } = workerData ?? JSON.parse(process.argv[2]);
const { load } = await import(runtime);
const loaded = await load(model, { threads: 1 });
const { predictions } = await loaded.predict(image, { top: 3 });
await loaded[Symbol.asyncDispose]();
if (!isMainThread) parentPort.postMessage(predictions);
else {
  const start = () => new Worker(new URL(import.meta.url), { workerData: { runtime, model, image } });
  const threads = await Promise.all([start(), start()].map((worker) => new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  })));
  const libtorch = /libtorch|longtail[.]node/.test(readFileSync("/proc/self/maps", "utf8"));
  console.log(JSON.stringify({ all: [predictions, ...threads], libtorch }));
}
`;

test("predicts without libtorch, in the main thread and in workers", { timeout: 120_000 }, async () => {
  writeFileSync(at("program.mjs"), PROGRAM);
  const image = join(at("data"), "test/cat/1.png");
  const given = { runtime: join(root, "dist/runtime/index.js"), model: at("float32.onnx"), image };
  const args = [at("program.mjs"), JSON.stringify(given)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { HOME: at("nobody") } });
  const { all, libtorch } = JSON.parse(stdout) as { all: unknown[]; libtorch: boolean };
  await using model = await load(at("float32.onnx"), { threads: 1 });
  const { predictions } = await model.predict(image, { top: 3 });
  expect(all).toEqual([predictions, predictions, predictions]);
  expect(libtorch).toBe(false);
});

const PAGE = `<!doctype html><title>model</title><script type="module">
import * as ort from "/web/ort.wasm.min.mjs";
ort.env.wasm.wasmPaths = "/web/";
ort.env.wasm.numThreads = 1;
window.logitsOf = async (model, values, shape) => {
  const session = await ort.InferenceSession.create(model);
  const { logits } = await session.run({ images: new ort.Tensor("float32", Float32Array.from(values), shape) });
  return Array.from(logits.data);
};
window.isReady = true;
</script>`;

const chromium = findChromium();
test.skipIf(chromium === undefined)(
  "onnxruntime-web in Chromium has ONNX Runtime's logits",
  { timeout: 120_000 },
  async () => {
    const web = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
    const server = createServer(({ url = "/" }, response) => {
      const [, folder, name = ""] = url.split("/");
      const folders: Record<string, string> = { web, model: temporary.path };
      const type =
        url === "/" ? "text/html" : name.endsWith(".wasm") ? "application/wasm" : "text/javascript";
      response.setHeader("content-type", type);
      const from = folders[folder ?? ""];
      response.end(from === undefined ? PAGE : readFileSync(join(from, name)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await openChromium(chromium!);
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction("window.isReady");
      const shape = [2, 3, 16, 16];
      const data = Float32Array.from({ length: 2 * 3 * 256 }, (_, i) => Math.sin(i));
      for (const [name, tolerance] of [
        ["float32.onnx", 1e-4],
        ["int8.onnx", 0.05],
      ] as const) {
        const session = await openSession(readFileSync(at(name)), { where: name, threads: 1 });
        const expected = (await session.run({ images: { data, shape } }))["logits"]!.data as Float32Array;
        await session.release();
        const call = `logitsOf("/model/${name}", ${JSON.stringify([...data])}, ${JSON.stringify(shape)})`;
        const found = await page.evaluate<number[]>(call);
        expect(found).toHaveLength(expected.length);
        const scale = Math.max(1, ...expected.map(Math.abs));
        found.forEach((logit, i) => {
          expect(Math.abs(logit - expected[i]!) / scale, name).toBeLessThan(tolerance);
        });
      }
    } finally {
      await browser.close();
      server.close();
    }
  },
);
