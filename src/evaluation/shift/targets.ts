import type { ClassAccuracy } from "../accuracy.js";
import type { Group } from "../../data/groups.js";
import type { GroupAccuracy } from "../scores.js";
import { tensor } from "../../torch/create.js";
import type { LogitTransform } from "../meter.js";
import { sum } from "../../support/math.js";

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

/**
 * [C]: log of the shares of the classes in `target`, less the log of those in `source`; both are in proportion. What is added
 * to logits that stand for `source` so that they stand for `target`: Menon et al., "Long-tail learning via logit
 * adjustment", ICLR 2021; for any target: Hong et al., "Disentangling label distribution", CVPR 2021. A class without a
 * share in either stays as it is.
 */
export function logShift(target: readonly number[], source: readonly number[]): number[] {
  const [targets, sources] = [sum(target), sum(source)];
  return target.map((share, label) => {
    const from = source[label]! / sources;
    return share === 0 && from === 0 ? 0 : Math.log(share / targets / from);
  });
}

/** Makes logits that stand for `source` stand for `target`. */
export function shiftLogits(target: readonly number[], source: readonly number[]): LogitTransform {
  const shift = Float32Array.from(logShift(target, source));
  return (logits) => logits.map((expert) => expert.add(tensor(shift, { device: expert.device })));
}
