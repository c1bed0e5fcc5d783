import { formatTable } from "../support/table.js";
import type { EvaluationResult } from "./accuracy.js";
import { ALL_AND_GROUPS } from "../data/groups.js";
import type { GroupAccuracy } from "./scores.js";

type Models = Pick<EvaluationResult, "ensemble" | "experts">;

/** A result for people: accuracy in percent by group, of the ensemble and, when there are several, of each expert. */
export function resultsTable(result: Models): string {
  return formatAccuracy("accuracy, %", modelRows(result));
}

/**
 * Formats accuracies in percent as a table for people, a column for all classes and for each group.
 *
 * @example
 * console.log(formatAccuracy("accuracy, %", [["cross-entropy", ce.ensemble], ["NCL", ncl.ensemble]]));
 */
export function formatAccuracy(title: string, rows: readonly (readonly [string, GroupAccuracy])[]): string {
  return formatTable(
    [title, ...ALL_AND_GROUPS],
    rows.map(([name, accuracy]) => [name, ...ALL_AND_GROUPS.map((group) => accuracy[group])]),
  );
}

/**
 * Formats everything about an evaluation for people: accuracy by group, scores over classes, every class, and the most
 * frequent mistakes.
 *
 * @example
 * console.log(formatEvaluation(await evaluate("runs/mine")));
 */
export function formatEvaluation(result: EvaluationResult): string {
  const tables = [resultsTable(result), scoresTable(result), classTable(result), confusionTable(result)];
  return tables.filter((table) => table !== "").join("\n\n");
}

/** What else there is to say about each model, in percent. */
export function scoresTable(result: Models): string {
  return formatTable(
    ["over classes, %", "balanced", "harmonic mean", "worst class", "macro F1", "top 5"],
    modelRows(result).map(([name, { balanced, harmonicMean, worstClass, macroF1, top5 }]) => [
      name,
      balanced,
      harmonicMean,
      worstClass,
      macroF1,
      top5,
    ]),
  );
}

/** Each class with its images and the ensemble's accuracy in percent, in the order of the data. */
export function classTable({ perClass }: Pick<EvaluationResult, "perClass">): string {
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

/** The pairs of classes that the ensemble takes for each other most often; empty where it is always right. */
export function confusionTable(
  { confusion, perClass }: Pick<EvaluationResult, "confusion" | "perClass">,
  most = 10,
): string {
  const wrong = confusion.filter(([label, answer]) => label !== answer);
  const worst = wrong.toSorted((a, b) => b[2] - a[2]).slice(0, most);
  if (worst.length === 0) return "";
  const name = (index: number): string => perClass[index]?.name ?? String(index);
  return formatTable(
    ["most frequent mistakes", "taken for", "images"],
    worst.map(([label, answer, images]) => [name(label), name(answer), String(images)]),
  );
}

/** The networks of a result by name: the ensemble and each expert, or the only model there is. */
export function modelRows<T>({ ensemble, experts }: { ensemble: T; experts: readonly T[] }): [string, T][] {
  if (experts.length === 1) return [["model", ensemble]];
  return [["ensemble", ensemble], ...experts.map((expert, k): [string, T] => [`expert ${k + 1}`, expert])];
}
