import { setImmediate } from "node:timers/promises";
import type { Loader } from "../data/loader/loader.js";
import { ALONE, type Peers } from "../distributed/peers.js";
import type { Meter } from "../evaluation/meter.js";
import type { Method } from "../methods/ensemble/method.js";
import { noGrad } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";
import { gatherObservations, observe } from "./distributed/gather-observations.js";

export interface RunMetersOptions {
  readonly method: Method;
  /** Unshuffled, without dropLast: every image once, on the method's device. */
  readonly loader: Pick<Loader, "epoch">;
  readonly meters: readonly Meter[];
  readonly signal?: AbortSignal | undefined;
  /** Processes that each predict a piece of every batch; every process gathers all predictions. */
  readonly peers?: Peers;
  /** Called after each batch: the processes ask one another whether to go on. */
  readonly settle?: () => void;
}

/** Called with the number of images evaluated so far, and of all. */
export type OnImages = (done: number, total: number) => void;

/** Makes a meter that measures nothing but how far the pass is. */
export function imageCounter(total: number, onImages: OnImages | undefined): Meter {
  let done = 0;
  return {
    add: ({ indices }) => {
      done += indices.length;
      onImages?.(done, total);
    },
  };
}

/**
 * Runs a method on every batch of a loader, in evaluation mode, without gradients and always in float32, and adds its
 * predictions to every meter; then puts the model back into the mode it was in. False when the signal ended it early.
 */
export async function runMeters(options: RunMetersOptions): Promise<boolean> {
  const { method, loader, meters, signal, peers = ALONE, settle } = options;
  const { training } = method.model;
  method.model.eval();
  const batches = loader.epoch(0);
  try {
    while (!signal?.aborted) {
      if (!addNextBatch()) return true;
      await setImmediate(); // signal handlers run only when the event loop gets a turn
      settle?.();
    }
    return false;
  } finally {
    batches.return();
    method.model.train(training);
  }

  function addNextBatch(): boolean {
    using _scope = scope();
    using _noGrad = noGrad();
    const { done, value: batch } = batches.next();
    if (done) return false;
    const observation = gatherObservations(observe(method, batch), peers);
    for (const meter of meters) meter.add(observation);
    return true;
  }
}
