import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stratifiedSplit } from "../data/split.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { saveCalibration } from "../runs/calibration-file.js";
import { emitter } from "../runs/events.js";
import { type FitFile, writeFit } from "../runs/fit-file.js";
import type { RunFolder } from "../runs/run-folder.js";
import type { TrainOptions } from "../training/settings.js";
import {
  type FeatureSet,
  type FeatureSets,
  openFeatureSets,
  selectFeatures,
} from "../training/train-on-features.js";
import { trainRun } from "../training/train.js";
import { FAMILIES, PLAIN } from "./heads.js";
import { type FitPlan, HELD_OUT } from "./plan.js";
import { suggest } from "./suggestions.js";
import { tryHeads, type TrialsOutcome } from "./trials.js";

/** Outcome of `fit`. */
export interface FitOutcome extends FitFile {
  readonly folder: RunFolder;
  readonly evaluation: EvaluationResult;
}

export type FitSettings = Omit<TrainOptions, "recipe" | "from" | "resume" | "peers">;

/**
 * Carries out a plan: tries classifiers on held-out images, trains the best one on all training images into `out`, and a
 * plain one to compare with. The run is an ordinary one; fit.json in it says what was chosen and why.
 * @throws What a training throws; the signal's reason.
 */
export async function carryOut(plan: FitPlan, settings: FitSettings): Promise<FitOutcome> {
  const temporary = mkdtempSync(join(tmpdir(), "longtail-fit-"));
  const [{ heads }] = FAMILIES;
  const report = emitter(settings.listeners);
  try {
    const own = { ...settings, validationChose: true }; // or the plan has said that they are not used
    const beside = { ...own, force: false, mlflow: undefined };
    const sets = await openFeatureSets(plan.recipeOf(heads[0]), { report, signal: settings.signal });
    const split = plan.families.length === 0 ? null : splitToChoose(sets);
    const chosen = split && (await choose(plan, { ...split, sets, signal: settings.signal }));
    const head = chosen?.best ?? heads[0];
    const plain = plan.compares
      ? await trained(plan.recipeOf(PLAIN), { ...beside, out: join(temporary, "plain") })
      : null;
    const { evaluation, folder } = await trained(plan.recipeOf(head), own);
    if (chosen !== null) keepTemperature(folder, plan.recipeOf(head), chosen);
    const file: FitFile = {
      version: 1,
      head: head.name,
      description: head.description,
      heldOut: plan.heldOut,
      trials: chosen?.trials ?? [],
      plain: plain?.evaluation ?? null,
      suggestions: plan.suggests
        ? await suggest({ recipe: plan.recipeOf(head), sets, split, signal: settings.signal })
        : null,
    };
    writeFit(folder, file);
    return { ...file, folder, evaluation };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

interface Split {
  readonly train: FeatureSet;
  readonly heldOut: FeatureSet;
}

/** Images to train heads on and to choose one by: of a validation folder, or training images. */
function splitToChoose({ train, validation }: FeatureSets): Split {
  if (validation !== null) return { train, heldOut: validation };
  const { kept, taken } = stratifiedSplit(train.dataset, HELD_OUT);
  return { train: selectFeatures(train, kept), heldOut: selectFeatures(train, taken) };
}

function choose(
  { families, recipeOf }: FitPlan,
  { sets, ...split }: Split & { readonly sets: FeatureSets; readonly signal: AbortSignal | undefined },
): Promise<TrialsOutcome> {
  return tryHeads({ families, recipeOf, counts: sets.data.statistics.counts, ...split });
}

/** The run's probabilities are calibrated by the temperature of the head's trial, whose held-out images it had not seen. */
function keepTemperature(
  folder: RunFolder,
  { epochs }: ResolvedRecipe,
  { temperatures }: TrialsOutcome,
): void {
  const [temperature] = temperatures.temperatures;
  if (temperature === undefined) return;
  const state = { epoch: epochs, step: 0, weights: "raw" } as const;
  saveCalibration(folder.path, { state }, { temperature, images: temperatures.images });
}

interface Trained {
  readonly evaluation: EvaluationResult;
  readonly folder: RunFolder;
}

async function trained(recipe: ResolvedRecipe, settings: FitSettings): Promise<Trained> {
  const { evaluation, folder } = await trainRun({ ...settings, recipe });
  if (evaluation !== null) return { evaluation, folder };
  settings.signal?.throwIfAborted();
  throw new Error("fit: a training ended without a result");
}
