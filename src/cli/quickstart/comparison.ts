import type { EvaluationResult } from "../../evaluation/accuracy.js";
import { groupTable } from "../../evaluation/results-table.js";
import type { GroupAccuracy } from "../../evaluation/scores.js";

/** Accuracy in percent by group: cross-entropy, NCL's ensemble and each of its experts. */
export function comparisonTable({
  crossEntropy,
  ncl,
}: Record<"crossEntropy" | "ncl", EvaluationResult>): string {
  const rows: [string, GroupAccuracy][] = [
    ["cross-entropy", crossEntropy.ensemble],
    ["NCL, ensemble", ncl.ensemble],
    ...ncl.experts.map((expert, k): [string, GroupAccuracy] => [`NCL, expert ${k + 1}`, expert]),
  ];
  return groupTable("accuracy, %", rows);
}
