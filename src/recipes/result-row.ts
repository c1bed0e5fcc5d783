/** The form of a row of results: recipes/measured.json has them, and `longtail results run` writes them. */
import { z } from "zod";

const percent = z.number().min(0).max(100);

const scoresSchema = z.strictObject({
  all: percent,
  /** A group without classes is null. */
  many: percent.nullable(),
  medium: percent.nullable(),
  few: percent.nullable(),
  worstClass: percent.nullable(),
  harmonicMean: percent.nullable(),
});

/** Accuracies of one network or of an ensemble. */
export type Scores = z.infer<typeof scoresSchema>;

export const reportedSchema = z.strictObject({
  /** Of the ensemble, or of a single network. */
  ensemble: percent.nullable().default(null),
  /** Of one expert. */
  expert: percent.nullable().default(null),
  source: z.string().min(1),
});

/**
 * An accuracy in percent that a paper or an independent table reports, and where.
 *
 * @example
 * const reported: Reported = { ensemble: 54.2, expert: 53.3, source: "Li et al., CVPR 2022, Table 1" };
 */
export type Reported = z.infer<typeof reportedSchema>;

export const resultRowSchema = z.strictObject({
  name: z.string().min(1),
  recipe: z.string().min(1),
  seed: z.int().min(0),
  state: z.enum(["finished", "unfinished", "failed"]),
  /** Why it failed; null unless it did. */
  error: z.string().nullable(),
  epochs: z.strictObject({ done: z.int().min(0), of: z.int().min(1) }),
  /** What the epoch was chosen by; null before the end. */
  selectedOn: z.enum(["held-out", "last-epoch", "test"]).nullable(),
  /** Of the scores; null where there are none yet. */
  epoch: z.int().min(1).nullable(),
  ensemble: scoresSchema.nullable(),
  /** In order; none for a single network. */
  experts: z.array(scoresSchema),
  /** Best epoch on the test images, which the reference reports; null where the recipe did not ask for it. */
  bestOnTest: z.strictObject({ epoch: z.int(), all: percent }).nullable(),
  /** Expected calibration error in percent; null before the end. */
  ece: percent.nullable(),
  reported: reportedSchema.nullable(),
  /** Hours that processes have worked on it, lost work between a checkpoint and a kill included where it is known. */
  hours: z.number().min(0),
  /** How often it was stopped and resumed. */
  interruptions: z.int().min(0),
  /** Command line that started it; rows of earlier versions do not say it. */
  command: z.string().default(""),
  started: z.string().min(1),
  longtail: z.string().min(1),
  /** SHA-256 of longtail's code; null for runs of versions that did not record it. */
  code: z.string().nullable(),
  /** Of a checkout without changes whose code trained the run; null where that is not known. */
  commit: z.string().nullable(),
  libtorch: z.string().min(1),
  machine: z.string().min(1),
  device: z.string().min(1),
  threads: z.int().min(1),
  kernels: z.enum(["own", "libtorch", "always"]),
});

/**
 * What one run of a table of results came to, with all that is needed to repeat it. Accuracies are top-1, in percent.
 *
 * @example
 * const { rows }: ResultsTable = await runResults("table.yaml", { out: "results" });
 * for (const { name, seed, ensemble } of rows) console.log(name, seed, ensemble?.all, ensemble?.few);
 */
export type ResultRow = z.infer<typeof resultRowSchema>;
