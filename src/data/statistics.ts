import type { Dataset } from "./dataset.js";
import { type Group, groupOf, type GroupRule } from "./groups.js";
import { maxOf, minOf } from "../support/math.js";

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
  const imbalance = counts.length === 0 ? 1 : maxOf(counts) / minOf(counts);
  return { classes, counts, total: labels.length, imbalance };
}

/** How many images a class has. */
export interface ClassSize {
  readonly name: string;
  readonly train: number;
  /** null: there is no test split. */
  readonly test: number | null;
  readonly group: Group;
}

/** The classes in the order of their labels. */
export function classSizes(
  train: Dataset,
  { test, rule }: { test: Dataset | undefined; rule: GroupRule },
): ClassSize[] {
  const { counts, classes } = classStatistics(train);
  const groups = groupOf(counts, rule);
  const testCounts = test === undefined ? undefined : classStatistics(test).counts;
  return classes.map((name, label) => ({
    name,
    train: counts[label] ?? 0,
    test: testCounts === undefined ? null : (testCounts[label] ?? 0),
    group: groups[label] ?? "few",
  }));
}
