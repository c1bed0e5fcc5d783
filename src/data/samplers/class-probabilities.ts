import type { ResolvedRecipe } from "../../recipes/schema.js";
import { repeatFactors } from "./repeat-factor.js";

/**
 * p_c = n_c^q / Σ_i n_i^q for class counts n: 1 is instance sampling, 1/2 the square root, 0 class balance. A class
 * without images has no share. Kang et al., "Decoupling representation and classifier for long-tailed recognition",
 * ICLR 2020, eq. 1.
 */
export function powerOfCounts(counts: readonly number[], exponent: number): number[] {
  const powers = counts.map((count) => (count === 0 ? 0 : count ** exponent));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * From instance sampling to class balance: (1 − t/T) · p(q = 1) + t/T · p(q = 0) in epoch t of T; Kang et al., eq. 2.
 * Epochs count from 1, as in the reference, so that the last one is balanced.
 */
export function progressivelyBalanced(counts: readonly number[], epoch: number, epochs: number): number[] {
  const share = Math.min(1, (epoch + 1) / epochs);
  const balanced = powerOfCounts(counts, 0);
  return powerOfCounts(counts, 1).map((p, label) => (1 - share) * p + share * balanced[label]!);
}

/**
 * The share of each class among the images that a sampler draws, of classes with `counts` images; of one that changes
 * over the training, in the last epoch.
 */
export function classShares(spec: ResolvedRecipe["data"]["sampler"], counts: readonly number[]): number[] {
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
