import { setImmediate } from "node:timers/promises";
import type { Loader } from "../data/loader.js";
import type { AccuracyMeter, EvaluationResult } from "../evaluation/accuracy.js";
import type { Method } from "../methods/method.js";
import { noGrad } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";

export interface EvaluateOptions {
  readonly method: Method;
  /** Unshuffled, without dropLast: every image once, on the method's device. */
  readonly loader: Pick<Loader, "epoch">;
  readonly meter: AccuracyMeter;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Judges a method on every batch of a loader, in evaluation mode, without gradients and always in float32, then puts
 * the model back into the mode it was in. Null when the signal ended it early.
 */
export async function evaluateMethod(options: EvaluateOptions): Promise<EvaluationResult | null> {
  const { method, loader, meter, signal } = options;
  const { training } = method.model;
  method.model.eval();
  const batches = loader.epoch(0);
  try {
    while (!signal?.aborted) {
      if (!addNextBatch()) return meter.result();
      await setImmediate(); // signal handlers run only when the event loop gets a turn
    }
    return null;
  } finally {
    batches.return();
    method.model.train(training);
  }

  function addNextBatch(): boolean {
    using _scope = scope();
    using _noGrad = noGrad();
    const { done, value: batch } = batches.next();
    if (done) return false;
    meter.add(method.predict(batch.images), batch.labels);
    return true;
  }
}
