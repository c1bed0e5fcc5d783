/** Runs that train for more epochs than they began with. */
import { existsSync } from "node:fs";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Position } from "../runs/events.js";
import { readRunFile } from "../runs/read-run.js";
import type { RunDescription, RunFolder } from "../runs/run-folder.js";
import { differences } from "../runs/stored-recipe.js";
import { rename, writeFileAtomic } from "../support/atomic-file.js";
import { prettyJson } from "../support/json.js";
import { phasesOf } from "./phases.js";
import { counted } from "../support/text.js";

interface Extension {
  /** The recipe to go on with, and the one that the run has trained by. */
  readonly recipe: ResolvedRecipe;
  readonly saved: ResolvedRecipe;
}

/** Whether a recipe is a run's own but for more epochs, of its last phase where it has phases. */
export function isExtension({ recipe, saved }: Extension): boolean {
  return (
    recipe.epochs > saved.epochs &&
    differences(withoutLastEpochs(recipe), withoutLastEpochs(saved)).length === 0
  );
}

function withoutLastEpochs(recipe: ResolvedRecipe): ResolvedRecipe {
  const { phases } = recipe;
  if (phases === undefined) return { ...recipe, epochs: 1 };
  const last = phases.length - 1;
  return { ...recipe, epochs: 1, phases: phases.map((one, i) => (i === last ? { ...one, epochs: 1 } : one)) };
}

/**
 * Writes an extension into recipe.json and keeps the result so far as result-epoch-N.json, so that the run does not count as
 * finished meanwhile. Returns what people should know.
 */
export function extendRun(folder: RunFolder, { recipe, saved, at }: Extension & { at: Position }): string[] {
  for (const path of [folder.result, folder.analysis])
    if (existsSync(path)) rename(path, path.replace(/\.json$/, `-epoch-${saved.epochs}.json`));
  const description = readRunFile(folder.recipe, "a run's folder") as RunDescription;
  const extended = [
    ...(description.extended ?? []),
    { from: saved.epochs, to: recipe.epochs, after: { epoch: at.epoch, step: at.step } },
  ];
  writeFileAtomic(folder.recipe, prettyJson({ ...description, recipe, extended }));
  return [
    `The run goes on to ${counted(recipe.epochs, "epoch")}; it began with ${saved.epochs}.`,
    ...(dependsOnEpochs(recipe)
      ? [
          `Its ${dependsOnEpochs(recipe)} depends on the number of epochs: the result is not that of ${recipe.epochs} epochs from the start.`,
        ]
      : []),
  ];
}

/** What of a recipe makes an epoch depend on how many there are; null for nothing. */
function dependsOnEpochs(recipe: ResolvedRecipe): string | null {
  const { schedule, data, method } = phasesOf(recipe).at(-1)!.recipe; // the one that gets longer
  if (schedule.kind === "cosine") return "schedule (cosine)";
  if (data.sampler.kind === "progressive") return "sampler (progressive)";
  const transforms = [...data.train, ...(data.secondView ?? [])];
  if (transforms.some((one) => one.kind === "random-resized-crop" && one.grows))
    return "random-resized-crop (grows)";
  const isDeferred =
    method.kind === "ldam" && method.weighting === "deferred" && method.deferUntilEpoch === null;
  return isDeferred ? "method (LDAM-DRW, method.deferUntil)" : null;
}
