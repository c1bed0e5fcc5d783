import { setImmediate } from "node:timers/promises";
import type { Batch } from "../data/loader/loader.js";
import { scope } from "../torch/scope.js";
import { rateAt, stepContext } from "../training/epochs.js";
import type { Prepared } from "../training/prepare.js";
import type { Reading } from "../training/graph/reading.js";
import { WARM_UP } from "../training/graph/recorded-step.js";
import { openStepper, type Stepper } from "../training/graph/stepper.js";
import { now } from "./timeline.js";

/** What a step takes as the training runs it: launched as a whole, and not waited for in between. */
export interface AsTrained {
  /** Milliseconds of a mean step. */
  readonly step: number;
  readonly imagesPerSecond: number;
  /** Why it is not recorded as a CUDA graph; null where it is. */
  readonly notRecorded: string | null;
}

interface Steps {
  readonly warmup: number;
  readonly steps: number;
  /** The number of the first one, from 0. */
  readonly from: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs steps as the training does, each read after the next one was begun where the stepper says so.
 * @throws the signal's reason.
 */
export async function timeAsTrained(
  prepared: Prepared,
  batches: Iterator<Batch>,
  { warmup, steps, from, signal }: Steps,
): Promise<AsTrained> {
  using stepper = openStepper(prepared);
  const unread: Reading[] = [];
  const readAllBut = (number: number): void => {
    while (unread.length > number) unread.shift()!.read();
  };
  const before = Math.max(warmup, WARM_UP + 1); // a recording's first replay as well
  let images = 0;
  let begin = now();
  try {
    for (let done = 0; done < before + steps; done += 1) {
      signal?.throwIfAborted();
      if (done === before) {
        readAllBut(0);
        images = 0;
        begin = now();
      }
      const begun = beginStep(prepared, { stepper, batches, step: from + done });
      unread.push(begun.reading);
      images += begun.images;
      readAllBut(stepper.behind);
      await setImmediate(); // signal handlers run only when the event loop gets a turn
    }
    readAllBut(0);
  } finally {
    for (const reading of unread) reading[Symbol.dispose]();
  }
  const wall = now() - begin;
  return { step: wall / steps, imagesPerSecond: (1000 * images) / wall, notRecorded: stepper.notRecorded };
}

function beginStep(
  prepared: Prepared,
  { stepper, batches, step }: { stepper: Stepper; batches: Iterator<Batch>; step: number },
): { reading: Reading; images: number } {
  using _scope = scope();
  const { optimizer, ema, trainLoader } = prepared;
  const { stepsPerEpoch } = trainLoader;
  const { indices: _indices, ...shown } = batches.next().value as Batch;
  const position = { epoch: Math.floor(step / stepsPerEpoch), step: step % stepsPerEpoch };
  if (position.step === 0) stepper.startEpoch(position.epoch);
  optimizer.lr = rateAt(prepared, position);
  const reading = stepper.run({ ...shown, context: stepContext(prepared, position) });
  ema?.update();
  return { reading, images: shown.total };
}
