import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ResolvedRecipe } from "../src/recipes/schema.js";
import type { TrainingEvent } from "../src/runs/events.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../src/training/toy.fixture.js";
import { trainToy } from "../src/training/train-toy.fixture.js";
import { logProgram } from "./support/log-programs.js";

const program = logProgram("tensorboard");
const skip = "missing" in program;
if (skip) console.warn(`skipped: ${program.missing}`);
const bin = "bin" in program ? program.bin : "";

let temporary: ReturnType<typeof temporaryFolder>;
let run: string;
let recipe: ResolvedRecipe;
const STEPS = 6; // an epoch's
const every = Array.from({ length: 3 * STEPS }, (_, i) => i + 1);
const started: ChildProcessWithoutNullStreams[] = [];

interface Known {
  readonly scalars: Record<string, [step: number, value: number][]>;
  readonly histograms: Record<string, [step: number, number: number, min: number, counts: number[]][]>;
  readonly images: Record<string, [step: number, width: number, height: number, bytes: number][]>;
}

beforeAll(() => {
  temporary = temporaryFolder();
  const root = join(temporary.path, "data");
  writeToyData(root);
  run = join(temporary.path, "runs/toy");
  recipe = toyRecipe(root, { epochs: 3 });
});
afterAll(() => {
  for (const child of started) child.kill();
  temporary[Symbol.dispose]();
});

/** Trains until a process is killed in the third epoch; a checkpoint is behind the second. */
async function trainAndCrash(): Promise<void> {
  const crash = (event: TrainingEvent): void => {
    if (event.type === "step" && event.epoch === 3 && event.step === 4) throw new Error("killed");
  };
  await expect(trainToy(recipe, run, { listeners: [crash], force: true })).rejects.toThrow("killed");
}

function start(command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(join(bin, command), args);
  started.push(child);
  return child;
}

test.skipIf(skip)("its reader knows each number once, before and after a crash", async () => {
  await trainAndCrash();
  const reader = start("python", [join(import.meta.dirname, "support/read_tensorboard.py"), run]);
  const answers = createInterface({ input: reader.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<Known> => {
    reader.stdin.write("\n");
    return JSON.parse((await answers.next()).value as string) as Known;
  };
  const steps = (known: Known, tag: string) => known.scalars[tag]?.map(([step]) => step);
  expect(steps(await ask(), "train/loss")).toEqual(every.slice(0, 2 * STEPS + 4));
  await trainToy(recipe, run, { resume: true });
  const known = await ask();
  const events = readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainingEvent);
  const losses = events.flatMap((event) => (event.type === "step" ? [Math.fround(event.loss)] : []));
  expect(known.scalars["train/loss"]).toEqual(losses.map((loss, i) => [every[i], loss]));
  const tags = ["epoch/learning-rate", "epoch/images-per-second", "test/ensemble/few", "test/expert-2/all"];
  for (const tag of tags) expect([tag, steps(known, tag)]).toEqual([tag, [STEPS, 2 * STEPS, 3 * STEPS]]);
  const reported = events.findLast((event) => event.type === "histograms")!.weights["classifier.0.weight"]!;
  const [step, number, min, counts] = known.histograms["weights/classifier.0.weight"]!.at(-1)!;
  expect([step, number, min]).toEqual([3 * STEPS, 64 * 3, reported.min]);
  expect(counts.reduce((sum, count) => sum + count)).toBe(64 * 3);
  const bytes = readFileSync(join(run, "first-batch.png")).length;
  expect(known.images["first batch"]).toEqual([[1, 198, 198, bytes]]);
});

/** Waits for the line of stderr that names the address. */
async function addressOf(server: ChildProcessWithoutNullStreams): Promise<string> {
  let text = "";
  for await (const chunk of server.stderr.setEncoding("utf8")) {
    text += chunk as string;
    const [address] = /http:\/\/\S+/.exec(text) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`tensorboard ended: ${text}`);
}

test.skipIf(skip)("its page has each number once, before and after a crash", async () => {
  await trainAndCrash();
  const args = ["--logdir", join(temporary.path, "runs"), "--port", "0", "--reload_interval", "1"];
  const address = await addressOf(start("tensorboard", args));
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(new URL(path, address));
    return response.ok ? response.json() : null;
  };
  const stepsOf = async (tag: string): Promise<number[]> => {
    const query = new URLSearchParams({ run: "toy", tag });
    const found = (await get(`data/plugin/scalars/scalars?${query.toString()}`)) as
      [number, number, number][] | null;
    return found?.map(([, step]) => step) ?? [];
  };
  const until = async (tag: string, expected: readonly number[]): Promise<void> => {
    let found: number[] = [];
    for (let i = 0; i < 60 && String(found) !== String(expected); i += 1) {
      await setTimeout(500);
      found = await stepsOf(tag);
    }
    expect([tag, found]).toEqual([tag, expected]);
  };
  await until("train/loss", every.slice(0, 2 * STEPS + 4));
  await trainToy(recipe, run, { resume: true });
  await until("train/loss", every);
  await until("test/ensemble/few", [STEPS, 2 * STEPS, 3 * STEPS]);
  const plugins = (await get("data/plugins_listing")) as Record<string, { enabled: boolean }>;
  for (const plugin of ["scalars", "histograms", "images"]) expect(plugins[plugin]?.enabled).toBe(true);
});
