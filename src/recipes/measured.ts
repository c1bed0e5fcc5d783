import { readFileSync } from "node:fs";
import { z } from "zod";

const Accuracy = z.strictObject({
  /** Top-1 accuracy in percent. */
  mean: z.number().min(0).max(100),
  /** Sample standard deviation over the seeds; null for a single seed. */
  std: z.number().min(0).nullable(),
});

/** A group without classes is null. */
const Groups = z.strictObject({
  all: Accuracy,
  many: Accuracy.nullable(),
  medium: Accuracy.nullable(),
  few: Accuracy.nullable(),
});

/** Learning rates that were compared before the recipe got its own. */
const Tuning = z.strictObject({
  /** Fraction of each class's training images that was held out for it. */
  fraction: z.number().gt(0).lt(1),
  /** Seeds of the trainings, and of the choice of the held-out images. */
  seeds: z.array(z.int().min(0)).min(1),
  /** Mean accuracy over the classes on the held-out images after the last epoch, in percent, mean over the seeds. */
  rates: z.array(z.strictObject({ lr: z.number().positive(), heldOut: z.number().min(0).max(100) })).min(2),
});

const Measurement = z.strictObject({
  /** Command line of one seed, which is written N. */
  command: z.string().min(1),
  seeds: z.array(z.int().min(0)).min(1),
  selectedOn: z.enum(["held-out", "last-epoch", "test"]),
  epochs: z.int().min(1),
  ensemble: Groups,
  /** Experts in order, as far as they were recorded; none for a single network. */
  experts: z.array(Groups),
  tuning: Tuning.optional(),
  date: z.iso.date(),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  machine: z.string().min(1),
  threads: z.int().min(1),
  kernels: z.enum(["own", "libtorch"]),
  /** Origin of the numbers: the program that wrote them, or the document that recorded them. */
  provenance: z.string().min(1),
});

/** The measured accuracy of a recipe, and everything needed to measure it again. */
export type Measurement = z.infer<typeof Measurement>;

/** recipes/measured.json by recipe name. bench/quickstart.mjs and bench/record.mjs write it. */
const Measurements = z.record(z.string(), Measurement);

const FILE = new URL("../../recipes/measured.json", import.meta.url);
let cached: Readonly<Record<string, Measurement>> | undefined;

/** Every measured recipe. @throws ZodError that names the key when the file does not fit the schema. */
export function measurements(): Readonly<Record<string, Measurement>> {
  cached ??= parseMeasurements(JSON.parse(readFileSync(FILE, "utf8")));
  return cached;
}

/** Checks measurements that were read from a file or are about to be written to one. */
export function parseMeasurements(value: unknown): Readonly<Record<string, Measurement>> {
  return Measurements.parse(value);
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
export function accuracyText({ mean, std }: z.infer<typeof Accuracy>): string {
  return std === null ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${std.toFixed(1)}`;
}
