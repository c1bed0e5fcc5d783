/** Steps that are told after the next one was begun, as on a GPU: the run is the same, and ends where it should. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { memory } from "../../torch/scope.js";
import type { TrainingEvent } from "../../runs/events.js";
import { toyFolder } from "../toy-folder.fixture.js";
import { toyRecipe } from "../toy.fixture.js";
import { trainToy } from "../train-toy.fixture.js";
import type * as steps from "../steps.js";

const late = vi.hoisted(() => ({ on: false }));
vi.mock("../steps.js", async (original) => {
  const { openExecutor, ...others } = await original<typeof steps>();
  const opened: typeof openExecutor = (training) => openExecutor(training, { late: late.on });
  return { ...others, openExecutor: opened };
});
beforeEach(() => {
  late.on = true;
});
afterEach(() => {
  late.on = false;
});

const at = toyFolder("test");
const last = (run: string): Buffer => readFileSync(join(at(run), "checkpoints/last.safetensors"));
const recipe = (changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe =>
  toyRecipe(at("data"), { ema: { decay: 0.9, warmup: true }, ...changes });

/** What a run told, checkpoints included, without what depends on the time or the folder. */
const story = (events: readonly TrainingEvent[]): unknown[] =>
  events
    .filter(({ type }) => !["run", "end", "warning"].includes(type))
    .map((event) => ({ ...event, time: 0, seconds: 0, imagesPerSecond: 0, path: "" }));

const crossEntropy = { kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0 } as const;
const mixed = (plain: ResolvedRecipe): ResolvedRecipe => ({
  ...plain,
  ...{ method: crossEntropy, data: { ...plain.data, mix: { kind: "mixup", alpha: 1, p: 0.5 } } },
});

test.each([
  ["in float32", () => recipe()],
  ["with a scaled loss", () => recipe({ precision: "float16" })],
  ["with checkpoints within an epoch", () => recipe({ checkpoints: { epochs: 1, steps: 4, minutes: null } })],
  ["on images that are mixed", () => mixed(recipe())],
] as const)("%s", async (_, make) => {
  const afterwards = await trainToy(make(), at("late-run"));
  late.on = false;
  const atOnce = await trainToy(make(), at("run"));
  expect(last("late-run").equals(last("run"))).toBe(true);
  expect(story(afterwards.events)).toEqual(story(atOnce.events));
});

test("interrupted and resumed, it ends as one that never was", async () => {
  const settings = recipe({ epochs: 3 });
  const whole = await trainToy(settings, at("whole"));
  const reported: TrainingEvent[] = [];
  for (const steps of [2, 5, 100]) {
    const controller = new AbortController();
    let seen = 0;
    const listen = (event: TrainingEvent): void => {
      reported.push(event);
      if (event.type === "step" && ++seen === steps) controller.abort();
    };
    const { signal } = controller;
    await trainToy(settings, at("parts"), { resume: true, signal, listeners: [listen] });
  }
  expect(last("parts").equals(last("whole"))).toBe(true);
  const steps = (events: readonly TrainingEvent[]): unknown[] =>
    story(events.filter(({ type }) => type === "step"));
  expect(steps(reported)).toEqual(steps(whole.events));
});

test("a loss that is no number names its own step and images", async () => {
  const { optimizer, schedule } = recipe();
  const settings = recipe({
    optimizer: { ...optimizer, lr: 1e30, clipNorm: null },
    schedule: { ...schedule, warmupSteps: 0 },
  });
  const failure = async (out: string): Promise<string> =>
    trainToy(settings, at(out)).then(
      () => "none",
      (error: unknown) => (error as Error).message,
    );
  const whenLate = await failure("late-run");
  late.on = false;
  expect(whenLate).toMatch(/^The loss became .* in epoch 1, step \d of 6\..*\nImages of the batch: .*png/s);
  expect(whenLate).toBe(await failure("run"));
});

test("every tensor is freed, also after an error", async () => {
  const stop = (event: TrainingEvent): void => {
    if (event.type === "step" && event.step === 3) throw new Error("stop");
  };
  const run = async (out: string): Promise<void> => {
    await trainToy(recipe(), at(out));
    await expect(trainToy(recipe(), at(`${out}-stopped`), { listeners: [stop] })).rejects.toThrow("stop");
  };
  await run("first");
  const before = memory();
  await run("second");
  expect(memory()).toEqual(before);
});
