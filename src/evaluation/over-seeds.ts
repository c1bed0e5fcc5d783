import { ALL_AND_GROUPS } from "../data/groups.js";
import { formatTable } from "../support/table.js";
import type { EvaluationResult } from "./accuracy.js";
import { modelRows } from "./results-table.js";
import type { GroupAccuracy } from "./scores.js";
import { mean, sum } from "../support/math.js";

/**
 * Mean and sample standard deviation, in percent; the deviation of a single value is null.
 *
 * @example
 * const { mean, deviation }: Spread = { mean: 63.1, deviation: 1, values: [62.1, 63.1, 64.1] };
 */
export interface Spread {
  readonly mean: number;
  readonly deviation: number | null;
  readonly values: readonly number[];
}

/**
 * By group; null where there is no such class.
 *
 * @example
 * const few = (spread: GroupSpread): number | undefined => spread.few?.mean;
 */
export type GroupSpread = Readonly<Record<keyof GroupAccuracy, Spread | null>>;

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

function groupSpread(accuracies: readonly GroupAccuracy[]): GroupSpread {
  const of = (group: keyof GroupAccuracy): Spread | null => {
    const values = accuracies.map((accuracy) => accuracy[group]);
    return values.every((value) => value !== null) ? spread(values) : null;
  };
  return { all: of("all"), many: of("many"), medium: of("medium"), few: of("few") };
}

/** At least one value. */
export function spread(values: readonly number[]): Spread {
  const middle = mean(values);
  const squares = sum(values.map((value) => (value - middle) ** 2));
  const deviation = values.length === 1 ? null : Math.sqrt(squares / (values.length - 1));
  return { mean: middle, deviation, values };
}

/** "63.1 ± 1.0" */
export function spreadText(one: Spread | null): string | null {
  if (one === null) return null;
  return one.deviation === null
    ? one.mean.toFixed(1)
    : `${one.mean.toFixed(1)} ± ${one.deviation.toFixed(1)}`;
}
