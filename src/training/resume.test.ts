/** Going on after an interruption: the same weights, whatever the moment. */
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { ResolvedRecipe, TransformSpec } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";
import type { TrainingEvent } from "../runs/events.js";
import { runFolder, type RunResult } from "../runs/run-folder.js";
import { readDescription } from "../runs/read-run.js";
import { readSafetensors, writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import { getKernels, getThreads, setKernels, setThreads } from "../torch/settings.js";
import { resumedSettings } from "./resumed-settings.js";
import type { TrainOptions } from "./settings.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { extendRun } from "./extend.js";
import { temporaryFolder, toyRecipe, writeToyData } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("test");
const last = (run: string): string => join(at(run), "checkpoints/last.safetensors");

/** Everything that has a state: averages, dropout, keys and queues, an epoch that is selected. */
function statefulRecipe(changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  const plain = toyRecipe(at("data"));
  const contrastive = {
    weight: 1,
    queue: 16,
    dimension: 8,
    temperature: 0.2,
    momentum: 0.9,
    projectionBias: true,
    keyProjection: "ema",
  } as const;
  return toyRecipe(at("data"), {
    epochs: 3,
    dropout: 0.5,
    ema: { decay: 0.9, warmup: true },
    method: { ...plain.method, contrastive } as ResolvedRecipe["method"],
    selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null },
    ...changes,
  });
}

/** Trains until the n-th step of this process, as a Ctrl-C would end it. */
async function trainSteps(
  recipe: ResolvedRecipe,
  out: string,
  steps: number,
  options: Partial<TrainOptions> = {},
): Promise<void> {
  const controller = new AbortController();
  let seen = 0;
  await trainToy(recipe, out, {
    ...options,
    signal: controller.signal,
    listeners: [
      (event) => {
        if (event.type === "step" && ++seen === steps) controller.abort();
      },
    ],
  });
}

/** What a run told, without what depends on the time. */
function story(run: string): unknown[] {
  const lines = readFileSync(join(at(run), "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return lines
    .map((line) => JSON.parse(line) as TrainingEvent)
    .filter(({ type }) => !["run", "end", "warning", "checkpoint"].includes(type))
    .map((event) => ({ ...event, time: 0, seconds: 0, imagesPerSecond: 0 }));
}

function resultOf(run: string): RunResult {
  return { ...(JSON.parse(readFileSync(join(at(run), "result.json"), "utf8")) as RunResult), seconds: 0 };
}

const precisions = ["float32", "float16"] as const; // float16 has a scale that changes on the way
test.each(precisions)(
  "interrupted and resumed again and again, a %s run ends as one that never was",
  async (precision) => {
    const recipe = statefulRecipe({ precision });
    await trainToy(recipe, at("whole"));
    await trainSteps(recipe, at("parts"), 2, { resume: true }); // starts, since there is nothing to go on from
    await trainSteps(recipe, at("parts"), 5, { resume: true }); // into the next epoch
    await trainSteps(recipe, at("parts"), 3, { resume: true });
    await trainToy(recipe, at("parts"), { resume: true });
    expect(readFileSync(last("parts")).equals(readFileSync(last("whole")))).toBe(true);
    expect(story("parts")).toEqual(story("whole"));
    expect(resultOf("parts")).toEqual(resultOf("whole"));
  },
);

test("a run goes on with the threads and kernels that it began with, or says that it does not", async () => {
  const recipe = statefulRecipe();
  const before = [getThreads(), getKernels()] as const;
  vi.stubEnv("OMP_NUM_THREADS", undefined);
  vi.stubEnv("LONGTAIL_KERNELS", undefined);
  try {
    await trainSteps(recipe, at("settings"), 2, { threads: 1, kernels: "libtorch" });
    setThreads(2);
    setKernels("own");
    const resumed = async (options: Partial<TrainOptions>): Promise<unknown[]> => {
      const controller = new AbortController();
      const stop = ({ type }: TrainingEvent): void => (type === "step" ? controller.abort() : undefined);
      const settings = { threads: undefined, resume: true, signal: controller.signal, listeners: [stop] };
      const { events } = await trainToy(recipe, at("settings"), { ...settings, ...options });
      const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
      return [getThreads(), getKernels(), ...warnings.map((message) => message.split(";")[0])];
    };
    expect(await resumed({})).toEqual([1, "libtorch"]);
    expect(await resumed({ threads: 2, kernels: "own" })).toEqual([
      ...[2, "own"],
      "threads: the run began with 1 and goes on with 2",
      "kernels: the run began with libtorch and goes on with own",
    ]);
  } finally {
    vi.unstubAllEnvs();
    setThreads(before[0]);
    setKernels(before[1]);
  }
});

test("settings of a resumed run: asked for, of the environment, of a smaller machine", async () => {
  await trainSteps(statefulRecipe(), at("kept"), 1, { threads: 1, kernels: "libtorch" });
  const settings = (options: object, environment: Record<string, string> = {}): object =>
    resumedSettings(options, readDescription(at("kept")), environment);
  expect(settings({})).toMatchObject({ device: "cpu", threads: 1, kernels: "libtorch" });
  expect(settings({ threads: 3, kernels: "own" })).toMatchObject({ threads: 3, kernels: "own" });
  expect(settings({}, { OMP_NUM_THREADS: "4", LONGTAIL_KERNELS: "own" })).toMatchObject({
    threads: undefined,
    kernels: undefined,
  });
  const file = join(at("kept"), "recipe.json");
  writeFileSync(file, readFileSync(file, "utf8").replace('"threads": 1', '"threads": 4096'));
  expect(settings({})).toMatchObject({ threads: undefined });
});

test("a run that is finished is judged again, and nothing changes", async () => {
  const recipe = statefulRecipe({ epochs: 2 });
  await trainToy(recipe, at("run"));
  const [before, result] = [readFileSync(last("run")), resultOf("run")];
  await trainToy(recipe, at("run"), { resume: true });
  expect(readFileSync(last("run")).equals(before)).toBe(true);
  expect(resultOf("run")).toEqual(result);
});

test.each([
  ["that is finished", 2, null],
  ["that was interrupted", 2, 5],
])(
  "a run %s goes on to more epochs, to the weights of a run that had them from the start",
  async (_, epochs, stop) => {
    const recipe = statefulRecipe({ schedule: { kind: "constant", warmupEpochs: 0, warmupSteps: 4 } });
    const name = `extended-${stop}`;
    await trainToy(recipe, at(`${name}-whole`));
    if (stop === null) await trainToy({ ...recipe, epochs }, at(name));
    else await trainSteps({ ...recipe, epochs }, at(name), stop);
    const finished = stop === null ? resultOf(name) : null;
    const { events } = await trainToy(recipe, at(name), { resume: true });
    expect(events.flatMap((event) => (event.type === "warning" ? [event.message] : []))).toEqual([
      "The run goes on to 3 epochs; it began with 2.",
    ]);
    expect(readFileSync(last(name)).equals(readFileSync(last(`${name}-whole`)))).toBe(true);
    expect(resultOf(name)).toEqual(resultOf(`${name}-whole`));
    const description = readDescription(at(name));
    expect([description.recipe.epochs, description.extended?.map(({ from, to }) => [from, to])]).toEqual([
      3,
      [[2, 3]],
    ]);
    if (finished !== null) {
      const kept = JSON.parse(readFileSync(join(at(name), "result-epoch-2.json"), "utf8")) as RunResult;
      expect({ ...kept, seconds: 0 }).toEqual(finished);
    }
  },
);

test("another recipe, or fewer epochs, is no extension", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 1 });
  await trainToy(recipe, at("other"));
  const resume = (changed: ResolvedRecipe): ReturnType<typeof trainToy> =>
    trainToy(changed, at("other"), { resume: true });
  await expect(resume({ ...recipe, epochs: 2, dropout: 0.5 })).rejects.toThrow("its recipe is another one");
  await resume({ ...recipe, epochs: 2 });
  await expect(resume(recipe)).rejects.toThrow("expected epochs to be 2 as in");
});

const cosine = { kind: "cosine", end: 0, every: "epoch", warmupEpochs: 0, warmupSteps: 0 } as const;
const ldam = {
  kind: "ldam",
  experts: 1,
  sharedStages: 0,
  maxMargin: 0.5,
  scale: 30,
  beta: 0.9999,
  weighting: "deferred",
  deferUntil: 0.5,
  deferUntilEpoch: null,
} as const;
const growing: TransformSpec = {
  kind: "random-resized-crop",
  size: 8,
  interpolation: "bilinear",
  scale: [0.5, 1],
  ratio: [1, 1],
  grows: true,
};
const { data } = toyRecipe("data");
const constant: Partial<ResolvedRecipe> = { schedule: { kind: "constant", warmupEpochs: 0, warmupSteps: 0 } };

test.each<[string | null, Partial<ResolvedRecipe>]>([
  [null, constant],
  ["schedule (cosine)", { schedule: cosine }],
  ["sampler (progressive)", { ...constant, data: { ...data, sampler: { kind: "progressive" } } }],
  ["random-resized-crop (grows)", { ...constant, data: { ...data, train: [growing] } }],
  ["method (LDAM-DRW, method.deferUntil)", { ...constant, method: ldam }],
  [null, { ...constant, method: { ...ldam, deferUntilEpoch: 1 } }],
  [null, { ...constant, method: { ...ldam, weighting: "none" } }],
])("an extension says what depends on the number of epochs: %s", (what, changes) => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "recipe.json"), "{}");
  const recipe = toyRecipe("data", { ...changes, epochs: 3 });
  const saved = { ...recipe, epochs: 2 };
  const said = extendRun(runFolder(folder.path), { recipe, saved, at: { epoch: 2, step: 0 } });
  expect(said.slice(1)).toEqual(
    what === null
      ? []
      : [`Its ${what} depends on the number of epochs: the result is not that of 3 epochs from the start.`],
  );
});

test("a checkpoint that lacks newer keys resumes with their defaults", async () => {
  const recipe = toyRecipe(at("data"));
  await trainToy(recipe, at("new"));
  await trainSteps(recipe, at("old"), 3);
  const older = (stored: Record<string, unknown>): Record<string, unknown> => {
    const { syncBatchNorm: _1, ema: _2, dropout: _3, logs: _4, deterministic: _5, ...rest } = stored;
    const { mix: _6, cache: _7, ...data } = rest["data"] as Record<string, unknown>;
    return { ...rest, data };
  };
  const path = join(at("old"), "recipe.json");
  const { format: _, ...description } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const { recipe: stored } = description as { recipe: Record<string, unknown> };
  writeFileSync(path, JSON.stringify({ ...description, recipe: older(stored) }));
  {
    using _scope = scope();
    const { tensors, metadata } = readSafetensors(last("old"));
    const {
      trained: _trained,
      bestOnTest: _best,
      ...rest
    } = JSON.parse(metadata["description"]!) as Record<string, unknown>;
    const text = JSON.stringify({ ...rest, recipe: older(rest["recipe"] as Record<string, unknown>) });
    writeSafetensors(last("old"), tensors, { format: metadata["format"]!, version: "3", description: text });
  }
  await trainToy(recipe, at("old"), { resume: true });
  expect(resultOf("old")).toEqual(resultOf("new"));
  expect(readFileSync(last("old")).equals(readFileSync(last("new")))).toBe(true);
});

test("a run that ended before its first checkpoint starts anew", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 1 });
  const crash = (event: TrainingEvent): void => {
    if (event.type === "step" && event.step === 2) throw new Error("the machine stopped");
  };
  await expect(trainToy(recipe, at("run"), { listeners: [crash] })).rejects.toThrow("the machine stopped");
  await trainToy(recipe, at("run"), { resume: true });
  await trainToy(recipe, at("whole"));
  expect(story("run")).toEqual(story("whole"));
});

test("checkpoints come by steps too, and the one before the last is kept", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 1, checkpoints: { epochs: 1, steps: 2, minutes: null } });
  const { events } = await trainToy(recipe, at("run"));
  const positions = events.flatMap((event) =>
    event.type === "checkpoint" ? [[event.epoch, event.step]] : [],
  );
  expect(positions).toEqual([
    [0, 2],
    [0, 4],
    [1, 0],
  ]);
  expect(readdirSync(join(at("run"), "checkpoints")).sort()).toEqual([
    "last.safetensors",
    "previous.safetensors",
  ]);
});

test("another recipe is refused, with the key that differs; where the data lies may change", async () => {
  await trainToy(toyRecipe(at("data"), { epochs: 1 }), at("run"));
  const other = trainToy(toyRecipe(at("data"), { epochs: 1, seed: 7 }), at("run"), { resume: true });
  await expect(other).rejects.toThrow(UsageError);
  await expect(other).rejects.toThrow(/expected seed to be 0 as in .*last\.safetensors, found 7/);
  const moved = at("moved");
  writeToyData(moved);
  await trainToy(toyRecipe(moved, { epochs: 1 }), at("run"), { resume: true });
});

test("two trainings into one folder are refused while the first runs", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 1 });
  let second: Promise<unknown> | undefined;
  await trainToy(recipe, at("run"), {
    listeners: [
      (event) => {
        if (event.type === "checkpoint") second ??= trainToy(recipe, at("run"), { resume: true });
        second?.catch(() => undefined);
      },
    ],
  });
  await expect(second).rejects.toThrow(/another training writes to it \(process \d+ on .*\)/);
  await trainToy(recipe, at("run"), { resume: true });
});

test("without --resume a run's folder is refused; the metrics of a crash are mended", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 2 });
  await trainSteps(recipe, at("run"), 8);
  const metrics = join(at("run"), "metrics.jsonl");
  copyFileSync(metrics, `${metrics}.copy`);
  writeFileSync(metrics, `${readFileSync(metrics, "utf8")}{"type":"step","epoch":2,"step":3,"lo`);
  await trainToy(recipe, at("run"), { resume: true });
  const steps = story("run").filter((event) => (event as TrainingEvent).type === "step");
  expect(steps).toHaveLength(12);
});
