import { Rng } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";
import { scope } from "../../torch/scope.js";
import type { Sampler } from "./sampler.js";
import { sum } from "../../support/math.js";

/**
 * r_c = max(1, √(t / f_c)) for a class that has the share f_c of the images: Gupta, Dollár and Girshick, "LVIS", CVPR
 * 2019, appendix B.2, where t is 0.001. Without images it is 1.
 */
export function repeatFactors(counts: readonly number[], threshold: number): number[] {
  const total = sum(counts);
  return counts.map((count) => (count === 0 ? 1 : Math.max(1, Math.sqrt((threshold * total) / count))));
}

export interface RepeatFactorOptions {
  /** [N] */
  readonly labels: Int32Array;
  /** [C] */
  readonly factors: readonly number[];
  readonly seed: number;
}

/**
 * Every image of class c comes r_c times an epoch: ⌊r_c⌋ times, and once more with the probability that is left, drawn
 * anew in each epoch. The draws are spread so that all epochs have the same length, Σ r rounded (LVIS draws every image
 * by itself, and its epochs differ by a few).
 */
export function repeatFactorSampler({ labels, factors, seed }: RepeatFactorOptions): Sampler {
  const images = labels.length;
  const sumOver = (part: (factor: number) => number): number =>
    labels.reduce((sum, label) => sum + part(factors[label]!), 0);
  const extras = Math.round(sumOver((factor) => factor % 1));
  const size = sumOver(Math.floor) + extras;
  return {
    size,
    epoch(epoch) {
      const once = onceMore({ labels, factors, extras, rng: new Rng(seed, streamOf("repeats", epoch)) });
      const draws = new Int32Array(size);
      let end = 0;
      for (let image = 0; image < images; image++) {
        const times = Math.floor(factors[labels[image]!]!) + once[image]!;
        draws.fill(image, end, (end += times));
      }
      return new Rng(seed, streamOf("order", epoch)).permutation(size).map((place) => draws[place]!);
    },
  };
}

/**
 * [N]: 1 for `extras` images, each with a probability in proportion to its factor's fraction. Systematic sampling:
 * the fractions lie end to end in random order, and a comb of equal steps with a random start picks those it hits.
 */
function onceMore(options: Omit<RepeatFactorOptions, "seed"> & { extras: number; rng: Rng }): Int32Array {
  const { labels, factors, extras, rng } = options;
  using _ = scope();
  const order = rng.permutation(labels.length);
  const start = rng.uniform([1]).item();
  const chosen = new Int32Array(labels.length);
  const total = order.reduce((sum, image) => sum + (factors[labels[image]!]! % 1), 0);
  let sum = 0;
  let hits = 0;
  for (const image of order) {
    sum += factors[labels[image]!]! % 1;
    const reached = total === 0 ? 0 : Math.floor((extras * sum) / total + start);
    chosen[image] = reached - hits;
    hits = reached;
  }
  return chosen;
}
