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
import { type FeatureSets, openFeatureSets, selectFeatures } from "../training/train-on-features.js";
import { trainRun } from "../training/train.js";
import { FAMILIES, PLAIN } from "./heads.js";
import { type FitPlan, HELD_OUT } from "./plan.js";
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
    const chosen = plan.families.length === 0 ? null : await choose(plan, sets, settings);
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
    };
    writeFit(folder, file);
    return { ...file, folder, evaluation };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Chooses a head by images that it was not trained on: of a validation folder, or training images. */
function choose(plan: FitPlan, sets: FeatureSets, { signal }: FitSettings): Promise<TrialsOutcome> {
  const { families, recipeOf } = plan;
  const { counts } = sets.data.statistics;
  const options = { families, recipeOf, counts, signal };
  if (sets.validation !== null) return tryHeads({ ...options, train: sets.train, heldOut: sets.validation });
  const { kept, taken } = stratifiedSplit(sets.train.dataset, HELD_OUT);
  const [train, heldOut] = [kept, taken].map((indices) => selectFeatures(sets.train, indices));
  return tryHeads({ ...options, train: train!, heldOut: heldOut! });
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
