import type { Dataset } from "./dataset.js";

/** Images of each class. */
export interface ClassStatistics {
  readonly classes: readonly string[];
  readonly counts: readonly number[];
  readonly total: number;
  /** Images of the largest class over those of the smallest. */
  readonly imbalance: number;
}

/** The images of each of so many classes, ascending. */
export function imagesByClass(labels: Int32Array, classes: number): number[][] {
  const images = Array.from({ length: classes }, (): number[] => []);
  labels.forEach((label, index) => images[label]?.push(index));
  return images;
}

export function classStatistics({ classes, labels }: Pick<Dataset, "classes" | "labels">): ClassStatistics {
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const imbalance = counts.length === 0 ? 1 : Math.max(...counts) / Math.min(...counts);
  return { classes, counts, total: labels.length, imbalance };
}
