import type { Group } from "../data/groups.js";
import { mean, sum } from "../support/math.js";

/**
 * Top-1 accuracy in percent. A group without test images is null.
 *
 * @example
 * const { all, many, medium, few }: GroupAccuracy = evaluation.ensemble;
 */
export interface GroupAccuracy {
  readonly all: number;
  readonly many: number | null;
  readonly medium: number | null;
  readonly few: number | null;
}

/**
 * In percent, over the classes that have test images, each class with the same weight.
 *
 * @example
 * const { balanced, harmonicMean, worstClass, macroF1 }: ClassScores = evaluation.ensemble;
 */
export interface ClassScores {
  /** Balanced accuracy: the mean of the classes' accuracies. */
  readonly balanced: number;
  /** Harmonic mean of the classes' accuracies: 0 as soon as one class is never recognised. */
  readonly harmonicMean: number;
  /** The lowest accuracy of a class. */
  readonly worstClass: number;
  /** Mean of the classes' F1 = 2 right / (test images + answers of that class). */
  readonly macroF1: number;
}

/** What a model answered, counted for each class. */
export interface ClassCounts {
  /** Test images. */
  readonly seen: Float64Array;
  /** Test images of the class that were answered with it. */
  readonly right: Float64Array;
  /** Images of any class that were answered with it. */
  readonly answered: Float64Array;
}

export function groupAccuracy(
  { seen, right }: Pick<ClassCounts, "seen" | "right">,
  groupOfClass: readonly Group[],
): GroupAccuracy {
  const within = (group: Group): number | null => {
    const ofGroup = (_: number, c: number): boolean => groupOfClass[c] === group;
    return percent(sum(right.filter(ofGroup)), sum(seen.filter(ofGroup)));
  };
  return {
    all: (100 * sum(right)) / sum(seen),
    many: within("many"),
    medium: within("medium"),
    few: within("few"),
  };
}

/** The classes need a test image between them. */
export function classScores({ seen, right, answered }: ClassCounts): ClassScores {
  const judged = Array.from(seen.keys()).filter((c) => at(seen, c) > 0);
  const accuracies = Float64Array.from(judged, (c) => at(right, c) / at(seen, c));
  const f1 = Float64Array.from(judged, (c) => (2 * at(right, c)) / (at(seen, c) + at(answered, c)));
  return {
    balanced: 100 * mean(accuracies),
    harmonicMean: 100 / mean(accuracies.map((accuracy) => 1 / accuracy)), // 1/0 is Infinity, and 100/Infinity 0
    worstClass: 100 * accuracies.reduce((least, accuracy) => Math.min(least, accuracy), 1),
    macroF1: 100 * mean(f1),
  };
}

export function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : (100 * part) / whole;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
