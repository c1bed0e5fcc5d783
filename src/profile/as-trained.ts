import { setImmediate } from "node:timers/promises";
import { WARM_UP } from "../training/graph/recorded-step.js";
import type { Training } from "../training/prepare.js";
import { openExecutor, Steps } from "../training/steps.js";
import type { Position } from "../runs/events.js";
import { now } from "./timeline.js";

/**
 * Time of a step as the training runs it: launched as a whole, and not waited for in between.
 *
 * @example
 * const { asTrained } = await profile(recipe, { device: "cuda" });
 * console.log(asTrained?.imagesPerSecond);
 */
export interface AsTrained {
  /** Milliseconds of a mean step. */
  readonly step: number;
  readonly imagesPerSecond: number;
  /** Why it is not recorded as a CUDA graph; null where it is. */
  readonly notRecorded: string | null;
}

interface TimedSteps {
  readonly warmup: number;
  readonly steps: number;
  readonly from: Position;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs steps as the training does.
 * @throws the signal's reason.
 */
export async function timeAsTrained(
  training: Training,
  { warmup, steps: measured, from, signal }: TimedSteps,
): Promise<AsTrained> {
  using executor = openExecutor(training);
  using steps = new Steps(training, { executor, from, epochs: Infinity });
  const before = Math.max(warmup, WARM_UP + 1); // a recording's first replay as well
  let done = 0;
  let images = 0;
  let begin = now();
  signal?.throwIfAborted();
  for (const begun of steps) {
    done += 1;
    images += begun.images;
    if (done === before) {
      steps.finish();
      images = 0;
      begin = now();
    }
    if (done === before + measured) break;
    await setImmediate(); // signal handlers run only when the event loop gets a turn
    signal?.throwIfAborted();
  }
  steps.finish();
  const wall = now() - begin;
  return {
    step: wall / measured,
    imagesPerSecond: (1000 * images) / wall,
    notRecorded: executor.graphBlocker,
  };
}
