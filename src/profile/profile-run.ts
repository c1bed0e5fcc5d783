import { setImmediate } from "node:timers/promises";
import { beginTimeline, endTimeline } from "../data/loader/timeline.js";
import { workerThreads, type Batch } from "../data/loader/loader.js";
import type { CacheListener } from "../data/cache/report.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { zeros } from "../torch/create.js";
import { scope } from "../torch/scope.js";
import { getThreads } from "../torch/settings.js";
import { rateAt, stepContext } from "../training/epochs.js";
import { prepare, type Prepared } from "../training/prepare.js";
import { trainStep, type Watch } from "../training/step.js";
import { timeAsTrained, type AsTrained } from "./as-trained.js";
import { summarise, type Profile } from "./summary.js";
import { now, type Timeline, type TrainingSpan } from "./timeline.js";

interface ProfileOptions extends CacheListener {
  readonly device: string;
  /** Steps that are measured, after those that warm up. */
  readonly steps: number;
  readonly warmup: number;
  /** Told after every step, those that warm up included. */
  readonly onStep?: (done: number, of: number) => void;
}

interface Recording {
  readonly timeline: Timeline;
  readonly cpuMilliseconds: number;
  /** Of all steps, without those of other processes. */
  readonly images: number;
  readonly asTrained: AsTrained | null;
}

/**
 * Trains some steps of a recipe, keeps nothing of them, and says where their time went.
 * @throws the signal's reason.
 */
export async function profileRun(
  recipe: ResolvedRecipe,
  options: ProfileOptions,
): Promise<{ profile: Profile; timeline: Timeline }> {
  const { device, steps } = options;
  using prepared = await prepare(recipe, device, options);
  const { timeline, ...recorded } = await record(prepared, options);
  const profile = summarise(timeline, {
    ...{ recipe: recipe.name, device, batch: recipe.data.batch, steps, ...recorded },
    views: prepared.method.views.length,
    threads: getThreads(),
    workers: workerThreads(recipe.data.workers),
    peakMemory: process.resourceUsage().maxRSS * 1024,
  });
  return { profile, timeline };
}

async function record(prepared: Prepared, options: ProfileOptions): Promise<Recording> {
  const { steps, warmup, signal, onStep } = options;
  const batches = endless(prepared);
  const training: TrainingSpan[] = [];
  let images = 0;
  let begin = now();
  let cpu = process.cpuUsage();
  try {
    for (let done = 0; done < warmup + steps; done += 1) {
      signal?.throwIfAborted();
      if (done === warmup) {
        images = training.length = 0;
        cpu = process.cpuUsage();
        begin = now();
        beginTimeline();
      }
      images += timed(training, "step", () => oneStep(prepared, batches, training, done));
      onStep?.(done + 1, warmup + steps);
      await setImmediate(); // signal handlers run only when the event loop gets a turn
    }
    const end = now();
    const { user, system } = process.cpuUsage(cpu);
    const timeline = { begin, end, training, images: endTimeline() };
    const next = { ...options, from: warmup + steps };
    const asTrained = prepared.device === "cpu" ? null : await timeAsTrained(prepared, batches, next);
    return { timeline, cpuMilliseconds: (user + system) / 1000, images, asTrained };
  } finally {
    endTimeline(); // after an error, too, nobody records
    batches.return();
  }
}

/** As the training's own loop does it; the number of images. */
function oneStep(prepared: Prepared, batches: Iterator<Batch>, spans: TrainingSpan[], done: number): number {
  using _scope = scope();
  const { method, optimizer, scaler, ema, recipe, trainLoader, device } = prepared;
  const { stepsPerEpoch } = trainLoader;
  const { indices: _indices, ...shown } = batches.next().value as Batch;
  const watch: Watch = (phase, work) =>
    timed(spans, phase, () => {
      const result = work();
      if (device !== "cpu") waitFor(device);
      return result;
    });
  const position = { epoch: Math.floor(done / stepsPerEpoch), step: done % stepsPerEpoch };
  if (position.step === 0) method.onEpochStart?.(position.epoch);
  optimizer.lr = rateAt(prepared, position);
  const context = stepContext(prepared, position);
  const { precision } = recipe;
  const { accumulate } = recipe.optimizer;
  trainStep({ ...shown, context }, { method, optimizer, scaler, precision, accumulate, watch });
  ema?.update();
  return shown.total;
}

/** A GPU works behind the program's back: reading a value waits until it has done everything before. */
function waitFor(device: string): void {
  using _ = scope();
  zeros([1], { device }).item();
}

/** Epoch after epoch. */
function* endless({ trainLoader }: Prepared): Generator<Batch, void, undefined> {
  for (let epoch = 0; ; epoch += 1) yield* trainLoader.epoch(epoch);
}

function timed<T>(spans: TrainingSpan[], phase: TrainingSpan["phase"], work: () => T): T {
  const begin = now();
  const result = work();
  spans.push({ phase, begin, end: now() });
  return result;
}
