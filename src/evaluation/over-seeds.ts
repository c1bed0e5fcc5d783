import { ALL_AND_GROUPS } from "../data/groups.js";
import { formatTable } from "../support/table.js";
import type { EvaluationResult } from "./accuracy.js";
import { modelRows } from "./results-table.js";
import { groupSpread, type GroupSpread, spreadText } from "../support/spread.js";

/**
 * Accuracies over several seeds.
 *
 * @example
 * const { ensemble, experts }: SeedSummary = await trainSeeds(recipe, { seeds: 3, out: "runs/three" });
 */
export interface SeedSummary {
  readonly ensemble: GroupSpread;
  readonly experts: readonly GroupSpread[];
}

/** What several runs of one recipe have in common: accuracies as mean ± sample standard deviation over the seeds. */
export function overSeeds(results: readonly Pick<EvaluationResult, "ensemble" | "experts">[]): SeedSummary {
  const experts = results[0]?.experts.length ?? 0;
  return {
    ensemble: groupSpread(results.map(({ ensemble }) => ensemble)),
    experts: Array.from({ length: experts }, (_, k) =>
      groupSpread(results.map((result) => result.experts[k]!)),
    ),
  };
}

/**
 * Formats accuracies over seeds as a table for people: a row for each network, with cells such as "63.1 ± 1.0".
 *
 * @example
 * console.log(formatSeeds(await trainSeeds("caltech20-lt-ncl", { seeds: 3, data: "my-photos", out: "runs/three" })));
 */
export function formatSeeds(summary: SeedSummary): string {
  return formatTable(
    ["accuracy, %", ...ALL_AND_GROUPS],
    modelRows(summary).map(([name, spreads]) => [
      name,
      ...ALL_AND_GROUPS.map((group) => spreadText(spreads[group])),
    ]),
  );
}
