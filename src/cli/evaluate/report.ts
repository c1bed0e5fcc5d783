import type { EvaluationResult } from "../../evaluation/accuracy.js";
import { classTable, confusionTable, resultsTable, scoresTable } from "../../evaluation/results-table.js";

/** Everything about a result, for people. The whole confusion matrix is for machines only. */
export function report(result: EvaluationResult): string {
  const tables = [resultsTable(result), scoresTable(result), classTable(result), confusionTable(result)];
  return tables.filter((table) => table !== "").join("\n\n");
}
