import type { ResolvedRecipe } from "../../recipes/schema.js";
import type { Dataset } from "../dataset.js";
import { classStatistics } from "../statistics.js";
import { powerOfCounts, progressivelyBalanced } from "./class-probabilities.js";
import { classSampler } from "./class-sampler.js";
import { instanceSampler, type Sampler } from "./sampler.js";
import { repeatFactors, repeatFactorSampler } from "./repeat-factor.js";
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
