import { setImmediate } from "node:timers/promises";
import type { Loader, Batch } from "../data/loader/loader.js";
import { ALONE, type Peers } from "../distributed/peers.js";
import type { Meter, Observation } from "../evaluation/meter.js";
import type { Method } from "../methods/ensemble/method.js";
import { noGrad } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";
import { tensor, zeros } from "../torch/create.js";
import type { Tensor } from "../torch/tensor.js";
import { stack } from "../torch/operators.generated.js";

export interface RunMetersOptions {
  readonly method: Method;
  /** Unshuffled, without dropLast: every image once, on the method's device. */
  readonly loader: Pick<Loader, "epoch" | "ready">;
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
      await loader.ready(signal);
      if (signal?.aborted) return false;
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

/** Predicts a process's piece of a batch, which may be empty where the batch is small. */
function observe(method: Method, { images, labels, indices }: Batch): Observation {
  if (indices.length > 0) return { logits: meansOfViews(method.predict(images), labels), labels, indices };
  const [, ...shape] = images.shape;
  const blank = zeros([1, ...shape], { device: images.device }); // a network may not take no image
  return { logits: method.predict(blank).map((expert) => expert.narrow(0, 0, 0)), labels, indices };
}

/** Logits of each expert [V·N, C], all images' first view first → the means over an image's views, [N, C]. */
function meansOfViews(logits: readonly Tensor[], labels: Tensor): readonly Tensor[] {
  return logits.map((expert) => {
    const [rows = 0, classes = 0] = expert.shape;
    const views = rows / labels.size;
    return views === 1 ? expert : expert.reshape([views, labels.size, classes]).mean({ dim: [0] });
  });
}

/** Gathers all processes' predictions for a batch, in its order: each image once. */
function gatherObservations(own: Observation, peers: Peers): Observation {
  if (peers.worldSize === 1) return own;
  const { logits, labels, indices } = own;
  const { rows } = peers.gatherRows(stack([...logits], { dim: 1 })); // [N, K, C]
  const all = peers.gatherRows(tensor(Int32Array.from(indices))).rows.toArray() as Int32Array;
  return {
    logits: logits.map((_, k) => rows.select(1, k)),
    labels: peers.gatherRows(labels).rows,
    indices: all,
  };
}
