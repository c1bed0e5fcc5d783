import { readFileSync } from "node:fs";
import { z } from "zod";
import { maxOf } from "../support/math.js";
import { groupSpread, type GroupSpread, spreadText } from "../support/spread.js";
import { type ResultRow, resultRowSchema } from "./result-row.js";

/** Learning rates that were compared before a recipe got its own. */
const Tuning = z.strictObject({
  /** Fraction of each class's training images that was held out for it. */
  fraction: z.number().gt(0).lt(1),
  /** Seeds of the trainings, and of the choice of the held-out images. */
  seeds: z.array(z.int().min(0)).min(1),
  /** Mean accuracy over the classes on the held-out images after the last epoch, in percent, mean over the seeds. */
  rates: z.array(z.strictObject({ lr: z.number().positive(), heldOut: z.number().min(0).max(100) })).min(2),
});

/** A table of what was measured on trained runs besides the accuracy that their rows have; documents show it. */
const MeasuredTable = z
  .strictObject({
    /** What was measured, with which commands; a sentence or more below the table. */
    note: z.string().min(1),
    date: z.iso.date(),
    commit: z.string().min(7),
    machine: z.string().min(1),
    columns: z.array(z.strictObject({ name: z.string().min(1), digits: z.int().min(0) })).min(1),
    /** For each column the values by seed, as many as there are seeds or other repetitions. */
    rows: z
      .array(z.strictObject({ name: z.string().min(1), values: z.array(z.array(z.number()).min(1)) }))
      .min(1),
  })
  .superRefine(({ columns, rows }, context) => {
    for (const [index, { name, values }] of rows.entries())
      if (values.length !== columns.length)
        context.addIssue({
          code: "custom",
          message: `expected values for ${columns.length} columns, found ${values.length} (${name})`,
          path: ["rows", index, "values"],
        });
  });

/** Why a row cannot stand beside those before it; null where it can. */
function conflict(before: readonly ResultRow[], row: ResultRow): string | null {
  const { name, seed } = row;
  const same = before.filter((one) => one.name === name);
  if (same.some((one) => one.seed === seed))
    return `expected a run a seed, found ${name} with seed ${seed} a second time`;
  const settings = ({ recipe, epochs, threads, kernels }: ResultRow): string =>
    JSON.stringify([recipe, epochs.of, threads, kernels]);
  return same.every((one) => settings(one) === settings(row))
    ? null
    : `expected runs of ${name} that differ only in the seed, found other epochs, threads or kernels with seed ${seed}`;
}

/** recipes/measured.json: a row for each run, of which recipes/record has the evidence. bench/record.mjs writes it. */
const Measured = z.strictObject({
  rows: z
    .array(
      resultRowSchema.refine(({ state, commit }) => state !== "finished" || commit !== null, {
        message: "a finished run says the commit that trained it",
        path: ["commit"],
      }),
    )
    .superRefine((rows, context) => {
      rows.forEach((row, index) => {
        const message = conflict(rows.slice(0, index), row);
        if (message !== null) context.addIssue({ code: "custom", message, path: [index] });
      });
    }),
  /** By recipe. */
  tuning: z.record(z.string(), Tuning),
  /** By the name that documents call them. */
  tables: z.record(z.string(), MeasuredTable).default({}),
});

export type Measured = z.infer<typeof Measured>;

/** The measured accuracy of a recipe, over the seeds of its finished rows. */
export interface Measurement {
  readonly seeds: readonly number[];
  readonly ensemble: GroupSpread;
  /** In order; none for a single network. */
  readonly experts: readonly GroupSpread[];
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
  const unchanged = rows.filter(({ state, name, recipe }) => state === "finished" && name === recipe);
  return byName(unchanged);
}

function byName(rows: readonly ResultRow[]): Readonly<Record<string, Measurement>> {
  const named = new Map<string, ResultRow[]>();
  for (const row of rows) named.set(row.name, [...(named.get(row.name) ?? []), row]);
  return Object.fromEntries(Array.from(named, ([name, ofName]) => [name, measurementOf(ofName)]));
}

function measurementOf(unsorted: readonly ResultRow[]): Measurement {
  const rows = unsorted.toSorted((a, b) => a.seed - b.seed);
  const experts = rows[0]!.experts.length;
  return {
    seeds: rows.map(({ seed }) => seed),
    ensemble: groupSpread(rows.map(({ ensemble }) => ensemble!)),
    experts: Array.from({ length: experts }, (_, k) => groupSpread(rows.map((row) => row.experts[k]!))),
    rows,
  };
}

/**
 * Summary for a list of recipes: "63.0 ± 0.5 % all, 41.2 ± 0.4 % few (seeds 0, 1, 2)", or "not yet", with the longest training of the
 * recipe with changes where there is one.
 */
export function measuredText(recipe: string, { rows }: Pick<Measured, "rows"> = measured()): string {
  const finished = rows.filter((row) => row.state === "finished" && row.recipe === recipe);
  const unchanged = finished.filter(({ name }) => name === recipe);
  if (unchanged.length > 0) return summaryOf(measurementOf(unchanged));
  const most = maxOf(finished.map(({ epochs }) => epochs.done));
  const [longest] = Object.entries(byName(finished.filter(({ epochs }) => epochs.done === most)));
  if (longest === undefined) return "not yet";
  return `not yet as it is; as ${longest[0]} in docs/results.md, ${most} epochs, ${summaryOf(longest[1])}`;
}

function summaryOf({ ensemble: { all, few }, seeds }: Measurement): string {
  const tail = few === null ? "" : `, ${spreadText(few)} % few`;
  const which = seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds.join(", ")}`;
  return `${spreadText(all)} % all${tail} (${which})`;
}
