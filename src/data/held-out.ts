import { Rng } from "../torch/random.js";

export interface HeldOutSplit {
  /** Places in `labels`, ascending. */
  readonly kept: readonly number[];
  readonly heldOut: readonly number[];
}

/** Streams of random numbers from here on choose held-out images, one a class; below lie the steps' shuffles. */
const HELD_OUT_STREAMS = 2 ** 34;

/**
 * Sets aside a share of each class's images, chosen at random: round(share · n) of n, but never all. A class so small
 * that this rounds to none keeps all of its images (fewer than five at a share of 0.1), so that no class loses its last
 * one; such a class is not part of what is judged on the held-out images. The choice depends on the labels and the
 * seed alone.
 */
export function heldOutSplit(
  labels: ArrayLike<number>,
  { classes, share, seed }: { classes: number; share: number; seed: number },
): HeldOutSplit {
  const byClass = Array.from({ length: classes }, (): number[] => []);
  for (let index = 0; index < labels.length; index += 1) byClass[labels[index]!]!.push(index);
  const chosen = byClass.flatMap((images, label) => {
    const count = Math.min(Math.round(share * images.length), images.length - 1);
    const order = new Rng(seed, HELD_OUT_STREAMS + label).permutation(images.length);
    return Array.from(order.subarray(0, Math.max(0, count)), (position) => images[position]!);
  });
  const isHeldOut = new Set(chosen);
  return {
    kept: byClass
      .flat()
      .filter((index) => !isHeldOut.has(index))
      .sort((a, b) => a - b),
    heldOut: chosen.sort((a, b) => a - b),
  };
}
