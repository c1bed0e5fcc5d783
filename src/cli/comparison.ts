import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { GroupAccuracy } from "../evaluation/scores.js";
import { formatTable } from "../support/table.js";

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
  return formatTable(
    ["accuracy, %", "all", "many", "medium", "few"],
    rows.map(([name, { all, many, medium, few }]) => [name, all, many, medium, few]),
  );
}
