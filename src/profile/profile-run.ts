import { setImmediate } from "node:timers/promises";
import { beginTimeline, endTimeline } from "../data/loader/timeline.js";
import { workerThreads } from "../data/loader/loader.js";
import type { CacheListener } from "../data/cache/report.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { zeros } from "../torch/create.js";
import { scope } from "../torch/scope.js";
import { getThreads } from "../torch/settings.js";
import { prepare, type Training } from "../training/prepare.js";
import type { Watch } from "../training/step.js";
import { openExecutor, Steps } from "../training/steps.js";
import { timeAsTrained, type AsTrained } from "./as-trained.js";
import { summarize, type Profile } from "./summary.js";
import { now, type Timeline, type TrainingSpan } from "./timeline.js";

interface ProfileOptions extends CacheListener {
  readonly device: string;
  /** Steps that are measured, after those that warm up. */
  readonly steps: number;
  readonly warmup: number;
  /** Called after every step, those that warm up included. */
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
  using training = await prepare(recipe, device, options);
  const { timeline, ...recorded } = await record(training, options);
  const profile = summarize(timeline, {
    ...{ recipe: recipe.name, device, batch: recipe.data.batch, steps, ...recorded },
    views: training.trainee.method.views.length,
    threads: getThreads(),
    workers: workerThreads(recipe.data.workers),
    peakMemory: process.resourceUsage().maxRSS * 1024,
  });
  return { profile, timeline };
}

async function record(training: Training, options: ProfileOptions): Promise<Recording> {
  const { steps: measured, warmup, signal, onStep } = options;
  const { device } = training;
  const spans: TrainingSpan[] = [];
  const watch: Watch = (phase, work) =>
    timed(spans, phase, () => {
      const result = work();
      if (device !== "cpu") waitFor(device);
      return result;
    });
  using executor = openExecutor(training, { watch });
  using steps = new Steps(training, { executor, from: { epoch: 0, step: 0 }, epochs: Infinity });
  const iterator = steps[Symbol.iterator]();
  let images = 0;
  let begin = now();
  let cpu = process.cpuUsage();
  try {
    for (let done = 0; done < warmup + measured; done += 1) {
      signal?.throwIfAborted();
      if (done === warmup) {
        images = spans.length = 0;
        cpu = process.cpuUsage();
        begin = now();
        beginTimeline();
      }
      const begun = timed(spans, "step", () => iterator.next());
      images += begun.value?.images ?? 0;
      onStep?.(done + 1, warmup + measured);
      await setImmediate(); // signal handlers run only when the event loop gets a turn
    }
    const end = now();
    const { user, system } = process.cpuUsage(cpu);
    const timeline = { begin, end, training: spans, images: endTimeline() };
    const next = { warmup, steps: measured, from: steps.position, signal };
    const asTrained = device === "cpu" ? null : await timeAsTrained(training, next);
    return { timeline, cpuMilliseconds: (user + system) / 1000, images, asTrained };
  } finally {
    endTimeline(); // after an error, too, nobody records
  }
}

/** A GPU works behind the program's back: reading a value waits until it has done everything before. */
function waitFor(device: string): void {
  using _ = scope();
  zeros([1], { device }).item();
}

function timed<T>(spans: TrainingSpan[], phase: TrainingSpan["phase"], work: () => T): T {
  const begin = now();
  const result = work();
  spans.push({ phase, begin, end: now() });
  return result;
}
