/** longtail serve as a program: a model in worker threads, its end under load, and its page in a real browser, wide and narrow. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { exportOnnx, load, train } from "../src/index.js";
import { locateEngine } from "../src/libtorch/locate.js";
import type * as Deadlines from "../src/serve/deadline.js";
import type * as Engines from "../src/serve/engine.js";
import { askUntilRefused } from "../src/serve/serve.fixture.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../src/training/toy.fixture.js";
import { accessibilityFaults, findChromium, openChromium } from "./support/chromium.js";

const root = join(import.meta.dirname, "..");
let temporary: ReturnType<typeof temporaryFolder>;
let run = "";
let model = "";
let photographs: string[] = [];
const running: ChildProcess[] = [];
beforeAll(async () => {
  execFileSync(process.execPath, ["scripts/build-web.mjs"], { cwd: root, stdio: "ignore" });
  temporary = temporaryFolder();
  const data = join(temporary.path, "data");
  run = join(temporary.path, "run");
  model = join(temporary.path, "toys.onnx");
  writeToyData(data);
  await train(toyRecipe(data), { out: run, threads: 1 });
  await exportOnnx(run, { out: model });
  photographs = ["ant", "bee", "cat"].flatMap((name) => {
    const folder = join(data, "test", name);
    return readdirSync(folder).map((file) => join(folder, file));
  });
});
afterAll(() => {
  temporary[Symbol.dispose]();
});
afterEach(async () => {
  for (const child of running.splice(0)) await end(child, "SIGKILL");
});

interface Served {
  readonly child: ChildProcess;
  readonly address: string;
}

async function serve(...args: string[]): Promise<Served> {
  const child = spawn(process.execPath, ["bin/longtail.js", "serve", ...args, "--port", "0", "--json"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      XDG_CACHE_HOME: join(temporary.path, "cache"),
      LONGTAIL_TORCH: locateEngine().root,
    },
  });
  running.push(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, address: (JSON.parse(line) as { address: string }).address };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
  return child.exitCode;
}

interface Answer {
  readonly model: string;
  readonly images: { readonly predictions: { readonly class: string; readonly probability: number }[] }[];
}

async function predict(address: string, path: string): Promise<Answer> {
  const body = new Uint8Array(readFileSync(path));
  const answer = await fetch(`${address}predict`, {
    method: "POST",
    headers: { "Content-Type": "image/png" },
    body,
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

test("a model file and a run answer as the trained network does", async () => {
  const { address, child } = await serve(model, `exported=${run}`);
  using trained = await load(run, { threads: 1 });
  const expected = await trained.predict(photographs);
  const answers = await Promise.all(photographs.map((path) => predict(address, path)));
  expect(await predict(`${address}models/exported/`, photographs[0]!)).toEqual({
    ...answers[0],
    model: "exported",
  });
  answers.forEach(({ images: [found] }, k) => {
    const wanted = expected[k]!.predictions;
    expect(found!.predictions.map((one) => one.class)).toEqual(wanted.map((one) => one.class));
    found!.predictions.forEach(({ probability }, rank) => {
      expect(probability).toBeCloseTo(wanted[rank]!.probability, 4);
    });
  });
  expect(await end(child, "SIGTERM")).toBe(0);
});

test("SIGTERM under load: every request that was accepted is answered", async () => {
  const { address, child } = await serve(model);
  const asked = askUntilRefused(`${address}predict`, { clients: 16, image: readFileSync(photographs[0]!) });
  await setTimeout(1500);
  expect(await end(child, "SIGTERM")).toBe(0);
  const outcomes = await asked;
  expect(outcomes.filter((outcome) => outcome === "200").length).toBeGreaterThan(16);
  expect(new Set(outcomes)).toEqual(new Set(["200", "ECONNREFUSED"]));
});

/** A copy of the model with an operator that there is none of: ONNX Runtime finds it after the metadata was read. */
function damagedModel(): Buffer {
  const bytes = readFileSync(model);
  bytes.write("Done", bytes.indexOf("Conv"));
  return bytes;
}

test("a changed file that ONNX Runtime cannot run leaves the model before it", async () => {
  const file = join(temporary.path, "changing.onnx");
  copyFileSync(model, file);
  const { address, child } = await serve(file, "--workers", "3");
  writeFileSync(`${file}.new`, damagedModel());
  renameSync(`${file}.new`, file);
  const kept = 'longtail_model_loads_total{model="changing",result="kept"} 1';
  await vi.waitFor(async () => expect(await (await fetch(`${address}metrics`)).text()).toContain(kept), {
    timeout: 20_000,
    interval: 500,
  });
  expect(await predict(address, photographs[0]!)).toMatchObject({ model: "changing" });
  expect(await end(child, "SIGTERM")).toBe(0);
});

test("threads that cannot load a model end by themselves: terminated ones may take the process with them", async () => {
  const terminate = vi.spyOn(Worker.prototype, "terminate");
  const file = join(temporary.path, "damaged.onnx");
  writeFileSync(file, damagedModel());
  const { openEngine } = (await import(join(root, "dist/serve/engine.js"))) as typeof Engines;
  const opened = openEngine(file, { workers: 3, threads: 1, threadsAlone: 2, maxBatch: 2 });
  await expect(opened).rejects.toThrow("cannot run this model");
  expect(terminate).not.toHaveBeenCalled();
});

test("a thread that ended is started again; while its model cannot be loaded, after a while", async () => {
  const post = vi.spyOn(Worker.prototype, "postMessage");
  const file = join(temporary.path, "crashing.onnx");
  copyFileSync(model, file);
  const { openEngine, EngineDown } = (await import(join(root, "dist/serve/engine.js"))) as typeof Engines;
  const { Deadline } = (await import(join(root, "dist/serve/deadline.js"))) as typeof Deadlines;
  const faults: string[] = [];
  const engine = await openEngine(file, {
    ...{ workers: 1, threads: 1, threadsAlone: 1, maxBatch: 2 },
    onFault: ({ message }) => faults.push(message),
  });
  const ask = async (): Promise<number> => {
    using deadline = new Deadline(20);
    const { predictions } = await engine.predict(readFileSync(photographs[0]!), { top: 3, deadline });
    return predictions.length;
  };
  expect(await ask()).toBe(3);
  writeFileSync(file, damagedModel());
  const crash = (): void => (post.mock.contexts.at(-1) as Worker).postMessage(null);
  const waiting = ask();
  crash();
  await Promise.allSettled([waiting]); // answered before, or not at all
  await vi.waitFor(() => expect(faults).toHaveLength(2), { timeout: 20_000 });
  expect(faults[0]).toContain("null");
  expect(faults[1]).toContain("cannot run this model");
  expect(engine.isUp).toBe(false);
  await expect(ask()).rejects.toBeInstanceOf(EngineDown);
  copyFileSync(model, file);
  await vi.waitFor(() => expect(engine.isUp).toBe(true), { timeout: 20_000 });
  expect(await ask()).toBe(3);
  expect(faults).toHaveLength(2);
  await engine.close();
});

test("what is no model, and a name that no address can have", () => {
  const started = (...args: string[]): string => {
    try {
      execFileSync(process.execPath, ["bin/longtail.js", "serve", ...args], { cwd: root, stdio: "pipe" });
      return "";
    } catch (error) {
      return String((error as { stderr: Buffer }).stderr);
    }
  };
  expect(started("package.json=none.onnx")).toContain(
    "none.onnx: expected an ONNX file or a run's folder, found nothing",
  );
  expect(started(temporary.path)).toContain("found a folder without");
  expect(started(model, "--timeout", "9999999")).toContain("Expected a whole number from 1 to 86400.");
  expect(started(`a b=${model}`)).toContain("expected an ONNX file or a run's folder, found nothing");
});

const executable = findChromium();
const why = executable === undefined ? " (skipped: no Chromium on the PATH, nor in CHROMIUM_PATH)" : "";

describe.skipIf(executable === undefined)(`the page in Chromium${why}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium(executable!);
  });
  afterAll(async () => {
    await browser.close();
  });

  async function open(address: string, width: number, colorScheme: "light" | "dark"): Promise<Page> {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme,
      hasTouch: width < 500,
    });
    await page.goto(address);
    await page.getByLabel("Choose photographs").waitFor();
    return page;
  }

  test.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("classifies photographs, is accessible and fits at %i pixels, %s", async (width, scheme) => {
    const { address } = await serve(model, "--token", "a token of the test");
    const page = await open(address, width, scheme);
    const damaged = {
      name: "damaged.png",
      mimeType: "image/png",
      buffer: readFileSync(photographs[0]!).subarray(0, 50),
    };
    await page.getByLabel("Choose photographs").setInputFiles(photographs.slice(0, 3));
    await page.getByText("3 of 3 photographs classified").waitFor();
    expect(await page.locator("article li").count()).toBe(9);
    expect(await page.locator("article h2").first().textContent()).toMatch(/^(ant|bee|cat)$/);
    await page.getByLabel("Choose photographs").setInputFiles([damaged]);
    await page.getByText("the file is damaged or truncated").waitFor();
    await page.getByText("3 of 4 photographs classified, 1 failed").waitFor();
    await page.getByText("The 3 classes it knows").click();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    expect(await accessibilityFaults(page)).toEqual([]);
    const folder = process.env["LONGTAIL_SCREENSHOTS"];
    if (folder !== undefined)
      await page.screenshot({ path: join(folder, `serve-${width}-${scheme}.png`), fullPage: true });
    await page.close();
  });
});
