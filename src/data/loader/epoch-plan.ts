import { chunkOf } from "../../support/math.js";
import { drawCounts, type Sampler } from "../samplers/sampler.js";

/** One of several processes that share every batch. */
export interface Shard {
  readonly rank: number;
  readonly worldSize: number;
}

export interface EpochPlanOptions {
  readonly sampler: Sampler;
  readonly epoch: number;
  /** Images of the dataset. */
  readonly images: number;
  /** Images of a step, of all processes together. */
  readonly batch: number;
  readonly steps: { readonly from: number; readonly to: number };
  readonly shard: Shard;
}

/** What one process makes in an epoch. */
export interface EpochPlan {
  /** Its images of each step. */
  readonly pieces: readonly Int32Array[];
  /** The pieces end to end. */
  readonly images: Int32Array;
  /** For each image, how often the epoch has drawn it before, in whichever process. */
  readonly counts: Int32Array;
}

/**
 * Cuts each batch of an epoch into a piece a process: laid end to end in order of rank, the pieces of a step are the
 * batch that one process alone would make. Pieces of a short last batch may be empty.
 */
export function planEpoch({ sampler, epoch, images, batch, steps, shard }: EpochPlanOptions): EpochPlan {
  const order = sampler.epoch(epoch);
  const counts = drawCounts(order, images);
  const bounds = Array.from({ length: Math.max(0, steps.to - steps.from) }, (_, i) => {
    const start = (steps.from + i) * batch;
    const [from, to] = chunkOf(Math.min(batch, order.length - start), {
      index: shard.rank,
      of: shard.worldSize,
    });
    return [start + from, start + to] as const;
  });
  const piecesOf = (values: Int32Array): Int32Array[] => bounds.map(([from, to]) => values.slice(from, to));
  const pieces = piecesOf(order);
  return { pieces, images: joined(pieces), counts: joined(piecesOf(counts)) };
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
