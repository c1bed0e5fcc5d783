import { powerOfCounts } from "./class-probabilities.js";
import type { SamplerSpec } from "./registry.js";
import { repeatFactors } from "./repeat-factor.js";

/**
 * The share of each class among the images that a sampler draws, of classes with `counts` images; of one that changes
 * over the training, in the last epoch.
 */
export function classShares(spec: SamplerSpec, counts: readonly number[]): number[] {
  switch (spec.kind) {
    case "instance":
      return powerOfCounts(counts, 1);
    case "class-balanced":
    case "progressive":
      return powerOfCounts(counts, 0);
    case "square-root":
      return powerOfCounts(counts, 1 / 2);
    case "fourth-root":
      return powerOfCounts(counts, 1 / 4);
    case "repeat-factor": {
      const factors = repeatFactors(counts, spec.threshold ?? 1 / counts.length);
      return powerOfCounts(
        counts.map((count, label) => count * factors[label]!),
        1,
      );
    }
    default:
      return spec satisfies never;
  }
}
