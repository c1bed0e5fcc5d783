import { fromSamePlace } from "../recipes/faults.js";
import { join } from "node:path";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import { overSeeds, type SeedSummary } from "../evaluation/over-seeds.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { assertWhole } from "../support/errors.js";
import { prettyJson } from "../support/json.js";
import type { TrainOptions } from "../training/settings.js";
import { type TrainResult, trainRun } from "../training/train.js";

/**
 * One of several trainings that differ in the seed.
 *
 * @example
 * const onStart = ({ seed, index, count }: SeedRun) => console.log(`seed ${seed}, ${index + 1} of ${count}`);
 */
export interface SeedRun {
  readonly seed: number;
  /** Index of the run, from 0, of `count`. */
  readonly index: number;
  readonly count: number;
  /** Folder of the run. */
  readonly out: string;
}

/**
 * Runs of one recipe with several seeds: seeds.json, beside the runs.
 *
 * @example
 * const { ensemble, runs }: SeedsResult = await trainSeeds("caltech20-lt-ncl", { seeds: 3, data: "photos", out: "runs/three" });
 * console.log(ensemble.few?.mean, ensemble.few?.deviation, runs);
 */
export interface SeedsResult extends SeedSummary {
  readonly seeds: readonly number[];
  /** Folders of the runs. */
  readonly runs: readonly string[];
}

/**
 * What is called around each of several trainings.
 *
 * @example
 * const hooks: SeedHooks = { onEnd: async ({ out }) => void (await writeReport(out)) };
 */
export interface SeedHooks {
  readonly onStart?: ((run: SeedRun) => void) | undefined;
  /** Called when a training ends; the next one waits for it. What it throws ends the whole. */
  readonly onEnd?: ((run: SeedRun, result: TrainResult) => void | Promise<void>) | undefined;
}

/**
 * Trains a recipe with `count` seeds, from its own on, each into a folder of `out`. With `resume`, runs that are there are
 * resumed, and finished ones only evaluated again.
 * @throws UsageError for no seeds; the signal's reason when it ends a training early, which leaves a checkpoint.
 */
export async function trainRuns({
  count,
  onStart,
  onEnd,
  ...options
}: TrainOptions & SeedHooks & { readonly count: number }): Promise<SeedsResult> {
  assertWhole("seeds", count);
  const { recipe, out, signal, peers } = options;
  const seeds = Array.from({ length: count }, (_, index) => recipe.seed + index);
  const runs = seeds.map((seed) => join(out, `seed-${seed}`));
  const results: EvaluationResult[] = [];
  for (const [index, seed] of seeds.entries()) {
    const run: SeedRun = { seed, index, count, out: runs[index]! };
    onStart?.(run);
    const result = await trainRun({
      ...options,
      recipe: fromSamePlace({ ...recipe, seed }, recipe),
      out: run.out,
    });
    await onEnd?.(run, result);
    if (result.evaluation === null) throw signal!.reason; // only a signal ends it early
    results.push(result.evaluation);
  }
  const summary: SeedsResult = { seeds, runs, ...overSeeds(results) };
  const isFirst = peers === undefined || peers.rank === 0;
  if (isFirst) writeFileAtomic(join(out, "seeds.json"), prettyJson(summary));
  return summary;
}
