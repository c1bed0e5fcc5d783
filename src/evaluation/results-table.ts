import { formatTable } from "../support/table.js";
import type { EvaluationResult, GroupAccuracy } from "./accuracy.js";

/** A result for people: accuracy in percent by group, of the ensemble and, when there are several, of each expert. */
export function resultsTable({ ensemble, experts }: EvaluationResult): string {
  const rows: [string, GroupAccuracy][] = [["ensemble", ensemble]];
  experts.forEach((expert, k) => rows.push([`expert ${k + 1}`, expert]));
  const shown = experts.length === 1 ? ([["model", ensemble]] as typeof rows) : rows;
  return formatTable(
    ["accuracy, %", "all", "many", "medium", "few"],
    shown.map(([name, { all, many, medium, few }]) => [name, all, many, medium, few]),
  );
}

/** Each class with its images and the ensemble's accuracy in percent, in the order of the data. */
export function classTable({ perClass }: EvaluationResult): string {
  return formatTable(
    ["class", "training images", "test images", "accuracy, %"],
    perClass.map(({ name, trainImages, testImages, accuracy }) => [
      name,
      String(trainImages),
      String(testImages),
      accuracy,
    ]),
  );
}
