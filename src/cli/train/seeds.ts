import { join } from "node:path";
import { ALONE } from "../../distributed/peers.js";
import type { EvaluationResult } from "../../evaluation/accuracy.js";
import { overSeeds, seedsTable, type SeedSummary } from "../../evaluation/over-seeds.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { prettyJson } from "../../support/json.js";
import { type TrainingArguments, trainWatched } from "./action.js";

/** seeds.json, beside the runs. */
export interface SeedsResult extends SeedSummary {
  readonly seeds: readonly number[];
  readonly runs: readonly string[];
}

/**
 * Trains a recipe with several seeds, from its own on, each into a folder of `out`, and says what they have in common.
 * With `resume`, runs that are there are gone on with, and finished ones only judged again.
 */
export async function trainSeeds(
  recipe: ResolvedRecipe,
  { count, ...options }: TrainingArguments & { readonly count: number },
): Promise<SeedsResult> {
  const { out, output, peers = ALONE } = options;
  const seeds = Array.from({ length: count }, (_, k) => recipe.seed + k);
  const runs = seeds.map((seed) => join(out, `seed-${seed}`));
  const results: EvaluationResult[] = [];
  for (const [k, seed] of seeds.entries()) {
    output.say(`\nseed ${seed}, ${k + 1} of ${count}`);
    results.push(await trainWatched({ ...recipe, seed }, { ...options, out: runs[k]! }));
  }
  const result = { seeds, runs, ...overSeeds(results) };
  const path = join(out, "seeds.json");
  if (peers.rank === 0) writeFileAtomic(path, prettyJson(result));
  output.say(`\n${count} seeds, mean ± standard deviation:\n${seedsTable(result)}\n\nsee ${path}`);
  return result;
}
