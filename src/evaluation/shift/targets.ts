import type { ClassAccuracy } from "../accuracy.js";
import type { Group } from "../../data/groups.js";
import type { GroupAccuracy } from "../scores.js";

export const TARGETS = ["uniform", "train", "reversed"] as const;

/** [C], in proportion: the classes alike, as in training, or with the sizes turned over, the largest's for the smallest. */
export function targetShares(target: (typeof TARGETS)[number], counts: readonly number[]): number[] {
  switch (target) {
    case "uniform":
      return counts.map(() => 1);
    case "train":
      return [...counts];
    case "reversed":
      return reversed(counts);
    default:
      return target satisfies never;
  }
}

/** The class of rank r has what the class of rank C − 1 − r has; among equals the order is that of the classes. */
function reversed(counts: readonly number[]): number[] {
  const ranked = counts.map((_, label) => label).sort((a, b) => counts[b]! - counts[a]! || a - b);
  const sizes = new Array<number>(counts.length);
  ranked.forEach((label, rank) => (sizes[label] = counts[ranked[counts.length - 1 - rank]!]!));
  return sizes;
}

/**
 * Accuracy as it would be on images whose classes have these shares, in percent: Σ_c π_c a_c / Σ_c π_c over the classes
 * that have test images, a_c a class's accuracy on them. Each test image counts by π_c over its class's share of the test
 * images.
 */
export function reweightedAccuracy(
  perClass: readonly Pick<ClassAccuracy, "accuracy">[],
  { shares, groupOfClass }: { shares: readonly number[]; groupOfClass: readonly Group[] },
): GroupAccuracy {
  const within = (group: Group | null): number | null => {
    let [correct, all] = [0, 0];
    perClass.forEach(({ accuracy }, label) => {
      if (accuracy === null || (group !== null && groupOfClass[label] !== group)) return;
      correct += shares[label]! * accuracy;
      all += shares[label]!;
    });
    return all === 0 ? null : correct / all;
  };
  return { all: within(null) ?? 0, many: within("many"), medium: within("medium"), few: within("few") };
}
