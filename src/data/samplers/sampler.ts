import { Rng } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";

/** Which images an epoch is made of, and in which order: determined by seed and epoch alone, so that every process computes the same. */
export interface Sampler {
  /** Draws of an epoch, the same number in every one. */
  readonly size: number;
  /** [size]: each draw's image. */
  epoch(epoch: number): Int32Array;
}

/** For each draw of an epoch, how often it has drawn the same image before; images are numbered below `images`. */
export function drawCounts(order: Int32Array, images: number): Int32Array {
  const drawn = new Int32Array(images);
  return order.map((image) => drawn[image]!++);
}

/** Every image once an epoch, shuffled: classes come as often as they have images. */
export function instanceSampler({ size, seed }: { size: number; seed: number }): Sampler {
  return { size, epoch: (epoch) => new Rng(seed, streamOf("order", epoch)).permutation(size) };
}

/** Every image once, in the data's order: for evaluation. */
export function inOrder(size: number): Sampler {
  return { size, epoch: () => Int32Array.from({ length: size }, (_, image) => image) };
}
