import type { ResolvedRecipe } from "../../recipes/schema.js";
import type { Dataset } from "../dataset.js";
import { classStatistics } from "../statistics.js";
import { powerOfCounts, progressivelyBalanced } from "./class-probabilities.js";
import { instanceSampler, type Sampler } from "./sampler.js";
import { repeatFactors, repeatFactorSampler } from "./repeat-factor.js";
import { Rng } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";
import { scope } from "../../torch/scope.js";

export type SamplerSpec = ResolvedRecipe["data"]["sampler"];

interface SamplerOptions {
  readonly dataset: Pick<Dataset, "labels" | "classes">;
  readonly seed: number;
  /** Epochs of the training. */
  readonly epochs: number;
  /** The number of its first one; 0 unless given. */
  readonly firstEpoch?: number;
}

/** The sampler that a recipe names, over training data. */
export function buildSampler(
  spec: SamplerSpec,
  { dataset, seed, epochs, firstEpoch = 0 }: SamplerOptions,
): Sampler {
  const { labels } = dataset;
  const { counts } = classStatistics(dataset);
  const byPower = (exponent: number): Sampler => {
    const probabilities = powerOfCounts(counts, exponent);
    return classSampler({ labels, counts, seed, probabilities: () => probabilities });
  };
  switch (spec.kind) {
    case "instance":
      return instanceSampler({ size: labels.length, seed });
    case "class-balanced":
      return byPower(0);
    case "square-root":
      return byPower(1 / 2);
    case "fourth-root":
      return byPower(1 / 4);
    case "progressive": {
      const probabilities = (epoch: number): number[] =>
        progressivelyBalanced(counts, epoch - firstEpoch, epochs);
      return classSampler({ labels, counts, seed, probabilities });
    }
    case "repeat-factor": {
      const factors = repeatFactors(counts, spec.threshold ?? 1 / counts.length);
      return repeatFactorSampler({ labels, factors, seed });
    }
    default:
      return spec satisfies never;
  }
}

interface ClassSamplerOptions {
  /** [N] */
  readonly labels: Int32Array;
  /** [C]: images of each class. */
  readonly counts: readonly number[];
  readonly seed: number;
  /** [C]: each class's probability in an epoch; 0 for a class without images. */
  readonly probabilities: (epoch: number) => readonly number[];
}

/**
 * Each draw takes a class at random, then one of its images, all equally likely: an image may come several times in an
 * epoch or not at all. An epoch has as many draws as there are images (as in the reference, whose data set keeps its length).
 */
function classSampler({ labels, counts, seed, probabilities }: ClassSamplerOptions): Sampler {
  const size = labels.length;
  const starts = runningSums(counts, 0);
  const images = sortedByClass(labels, starts);
  return {
    size,
    epoch(epoch) {
      const classes = drawClasses(probabilities(epoch), new Rng(seed, streamOf("classes", epoch)), size);
      const places = new Rng(seed, streamOf("imagesOfClasses", epoch)).below(
        classes.map((label) => counts[label]!),
      );
      return classes.map((label, draw) => images[starts[label]! + places[draw]!]!);
    },
  };
}

/** [draws]: classes, each with its probability. */
function drawClasses(probabilities: readonly number[], rng: Rng, draws: number): Int32Array {
  using _ = scope();
  const ends = runningSums(probabilities, 1);
  const uniform = rng.uniform([draws]).toArray() as Float32Array;
  return Int32Array.from(uniform, (value) => firstAbove(ends, value));
}

/** The sum of the values up to each one, without (0) or with (1) itself. */
function runningSums(values: readonly number[], own: 0 | 1): Float64Array {
  let sum = 0;
  return Float64Array.from(values, (value) => {
    sum += value;
    return own === 1 ? sum : sum - value;
  });
}

/** The place of the first entry that is larger; entries rise. */
function firstAbove(entries: Float64Array, value: number): number {
  let [low, high] = [0, entries.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** [N]: all images of class 0, then of class 1, and so on. */
function sortedByClass(labels: Int32Array, starts: Float64Array): Int32Array {
  const next = Int32Array.from(starts);
  const images = new Int32Array(labels.length);
  labels.forEach((label, image) => (images[next[label]!++] = image));
  return images;
}
