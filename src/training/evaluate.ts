import { setImmediate } from "node:timers/promises";
import type { Loader } from "../data/loader.js";
import type { Meter } from "../evaluation/meter.js";
import type { Method } from "../methods/method.js";
import { noGrad } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";

export interface EvaluateOptions {
  readonly method: Method;
  /** Unshuffled, without dropLast: every image once, on the method's device. */
  readonly loader: Pick<Loader, "epoch">;
  readonly meters: readonly Meter[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Shows a method every batch of a loader, in evaluation mode, without gradients and always in float32, and what it says
 * to every meter, then puts the model back into the mode it was in. False when the signal ended it early.
 */
export async function evaluateMethod(options: EvaluateOptions): Promise<boolean> {
  const { method, loader, meters, signal } = options;
  const { training } = method.model;
  method.model.eval();
  const batches = loader.epoch(0);
  try {
    while (!signal?.aborted) {
      if (!addNextBatch()) return true;
      await setImmediate(); // signal handlers run only when the event loop gets a turn
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
    const { images, labels, indices } = batch;
    const logits = method.predict(images);
    for (const meter of meters) meter.add({ logits, labels, indices });
    return true;
  }
}
