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
  /** Harmonic mean of the classes' accuracies: 0 as soon as one class is never recognized. */
  readonly harmonicMean: number;
  /** The lowest accuracy of a class. */
  readonly worstClass: number;
  /** Mean of the classes' F1 = 2 correct / (test images + predictions of that class). */
  readonly macroF1: number;
}

/** What a model predicted, counted for each class. */
export interface ClassCounts {
  /** Test images. */
  readonly seen: Float64Array;
  /** Test images of the class that were predicted as it. */
  readonly correct: Float64Array;
  /** Images of any class that were predicted as it. */
  readonly predicted: Float64Array;
}

export function groupAccuracy(
  { seen, correct }: Pick<ClassCounts, "seen" | "correct">,
  groupOfClass: readonly Group[],
): GroupAccuracy {
  const within = (group: Group): number | null => {
    const ofGroup = (_: number, c: number): boolean => groupOfClass[c] === group;
    return percent(sum(correct.filter(ofGroup)), sum(seen.filter(ofGroup)));
  };
  return {
    all: (100 * sum(correct)) / sum(seen),
    many: within("many"),
    medium: within("medium"),
    few: within("few"),
  };
}

/** The classes need a test image between them. */
export function classScores({ seen, correct, predicted }: ClassCounts): ClassScores {
  const present = Array.from(seen.keys()).filter((c) => at(seen, c) > 0);
  const accuracies = Float64Array.from(present, (c) => at(correct, c) / at(seen, c));
  const f1 = Float64Array.from(present, (c) => (2 * at(correct, c)) / (at(seen, c) + at(predicted, c)));
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
