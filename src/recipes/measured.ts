import { readFileSync } from "node:fs";
import { z } from "zod";
import { mean } from "../support/math.js";
import { type ResultRow, resultRowSchema, type Scores } from "./result-row.js";

/** Learning rates that were compared before a recipe got its own. */
const Tuning = z.strictObject({
  /** Fraction of each class's training images that was held out for it. */
  fraction: z.number().gt(0).lt(1),
  /** Seeds of the trainings, and of the choice of the held-out images. */
  seeds: z.array(z.int().min(0)).min(1),
  /** Mean accuracy over the classes on the held-out images after the last epoch, in percent, mean over the seeds. */
  rates: z.array(z.strictObject({ lr: z.number().positive(), heldOut: z.number().min(0).max(100) })).min(2),
});

/** recipes/measured.json: a row for each run, of which recipes/record has the evidence. bench/record.mjs writes it. */
const Measured = z.strictObject({
  rows: z.array(
    resultRowSchema.refine(({ state, commit }) => state !== "finished" || commit !== null, {
      message: "a finished run says the commit that trained it",
      path: ["commit"],
    }),
  ),
  /** By recipe. */
  tuning: z.record(z.string(), Tuning),
});

export type Measured = z.infer<typeof Measured>;

/** Top-1 accuracy in percent over seeds; `std` is the sample standard deviation, null for a single seed. */
export interface MeasuredAccuracy {
  readonly mean: number;
  readonly std: number | null;
}

/** A group without classes is null. */
export type MeasuredGroups = Readonly<Record<"many" | "medium" | "few", MeasuredAccuracy | null>> & {
  readonly all: MeasuredAccuracy;
};

/** The measured accuracy of a recipe, over the seeds of its finished rows. */
export interface Measurement {
  readonly seeds: readonly number[];
  readonly ensemble: MeasuredGroups;
  /** In order; none for a single network. */
  readonly experts: readonly MeasuredGroups[];
  /** In the order of the seeds. */
  readonly rows: readonly ResultRow[];
}

const FILE = new URL("../../recipes/measured.json", import.meta.url);
let cached: Measured | undefined;

/** Everything measured. @throws ZodError that names the key when the file does not fit the schema. */
export function measured(): Measured {
  cached ??= parseMeasured(JSON.parse(readFileSync(FILE, "utf8")));
  return cached;
}

/** Checks what was read from a file or is about to be written to one. */
export function parseMeasured(value: unknown): Measured {
  return Measured.parse(value);
}

/** Finished rows that are named for their recipe, which they did not change, by recipe. */
export function measurements(
  { rows }: Pick<Measured, "rows"> = measured(),
): Readonly<Record<string, Measurement>> {
  const byRecipe = new Map<string, ResultRow[]>();
  for (const row of rows) {
    if (row.state !== "finished" || row.name !== row.recipe) continue;
    byRecipe.set(row.recipe, [...(byRecipe.get(row.recipe) ?? []), row]);
  }
  return Object.fromEntries(Array.from(byRecipe, ([recipe, ofRecipe]) => [recipe, measurementOf(ofRecipe)]));
}

function measurementOf(unsorted: readonly ResultRow[]): Measurement {
  const rows = unsorted.toSorted((a, b) => a.seed - b.seed);
  const experts = rows[0]!.experts.length;
  return {
    seeds: rows.map(({ seed }) => seed),
    ensemble: overSeeds(rows.map(({ ensemble }) => ensemble!)),
    experts: Array.from({ length: experts }, (_, k) => overSeeds(rows.map((row) => row.experts[k]!))),
    rows,
  };
}

function overSeeds(scores: readonly Scores[]): MeasuredGroups {
  const of = (group: keyof MeasuredGroups): MeasuredAccuracy | null => {
    const values = scores.flatMap((one) => one[group] ?? []);
    if (values.length < scores.length) return null;
    const center = mean(values);
    const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
    return { mean: center, std: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)) };
  };
  return { all: of("all")!, many: of("many"), medium: of("medium"), few: of("few") };
}

/** Summary for a list of recipes: "63.0 ± 0.5 % all, 41.2 ± 0.4 % few (seeds 0, 1, 2)", or "not yet". */
export function measuredText(recipe: string): string {
  const found = measurements()[recipe];
  if (found === undefined) return "not yet";
  const { all, few } = found.ensemble;
  const tail = few === null ? "" : `, ${accuracyText(few)} % few`;
  const seeds = found.seeds.length === 1 ? `seed ${found.seeds[0]}` : `seeds ${found.seeds.join(", ")}`;
  return `${accuracyText(all)} % all${tail} (${seeds})`;
}

/** "63.0 ± 0.5", or "63.0" for a single seed. */
export function accuracyText({ mean, std }: MeasuredAccuracy): string {
  return std === null ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${std.toFixed(1)}`;
}
