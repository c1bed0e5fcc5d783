import { setImmediate } from "node:timers/promises";
import type { Batch, BatchSource } from "../data/loader/loader.js";
import type { Module } from "../nn/module.js";
import { noGrad } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";

interface EachBatchOptions {
  /** Every image once. */
  readonly images: BatchSource;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls `use` with every batch of images, the model in evaluation mode and without gradients, in a scope of its own, with a turn of
 * the event loop after each; then puts the model back into the mode it was in.
 * @throws The signal's reason.
 */
export async function eachBatch(
  model: Module,
  { images, signal }: EachBatchOptions,
  use: (batch: Batch) => void,
): Promise<void> {
  const { training } = model;
  model.eval();
  const batches = images.epoch(0);
  try {
    for (;;) {
      await images.ready(signal);
      signal?.throwIfAborted();
      if (!useNext()) return;
      await setImmediate(); // signal handlers run only when the event loop gets a turn
    }
  } finally {
    batches.return();
    model.train(training);
  }

  function useNext(): boolean {
    using _scope = scope();
    using _noGrad = noGrad();
    const { done, value } = batches.next();
    if (done) return false;
    use(value);
    return true;
  }
}
