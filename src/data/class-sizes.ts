import { type Group, groupOf, type GroupRule } from "./groups.js";
import type { Dataset } from "./dataset.js";
import { classStatistics } from "./statistics.js";

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
