import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { EvaluationEvent, Listener } from "../runs/events.js";
import type { RunFolder } from "../runs/run-folder.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { prettyJson } from "../support/json.js";
import type { TrainOptions } from "../training/settings.js";
import { trainRun } from "../training/train.js";
import { type FitPlan, type Head, onHeldOut } from "./plan.js";

/** A classifier and how well it did on held-out images. */
export interface Trial {
  readonly head: Head;
  /** Mean accuracy over the classes, in percent. */
  readonly heldOut: number;
}

/** Outcome of `fit`. */
export interface FitOutcome {
  readonly folder: RunFolder;
  readonly evaluation: EvaluationResult;
  readonly head: Head;
  readonly trials: readonly Trial[];
  /** On the test images, of a plain classifier on the same features; null where none was trained. */
  readonly plain: EvaluationResult | null;
}

export type FitSettings = Omit<TrainOptions, "recipe" | "from" | "resume" | "peers">;

/**
 * Carries out a plan: tries classifiers on held-out images, trains the best one on all training images into `out`, and a
 * plain one to compare with. The run is an ordinary one; fit.json in it says what was chosen and why.
 * @throws What a training throws; the signal's reason.
 */
export async function carryOut(plan: FitPlan, settings: FitSettings): Promise<FitOutcome> {
  const temporary = mkdtempSync(join(tmpdir(), "longtail-fit-"));
  try {
    const chosen = { ...settings, validationChose: true }; // or the plan has said that they are not used
    const beside = { ...chosen, force: false, mlflow: undefined };
    const trials: Trial[] = [];
    if (plan.candidates.length > 1)
      for (const head of plan.candidates) {
        const recipe = onHeldOut(plan.recipes[head]);
        const { heldOut } = await trained(recipe, { ...beside, out: join(temporary, head) });
        trials.push({ head, heldOut: heldOut?.ensemble.balanced ?? 0 });
      }
    const [first] = plan.candidates;
    const best = trials.reduce<Trial>(
      (a, b) => (b.heldOut > a.heldOut ? b : a),
      trials[0] ?? { head: first, heldOut: 0 },
    );
    const plain = plan.compares
      ? await trained(plan.recipes.plain, { ...beside, out: join(temporary, "plain") })
      : null;
    const { evaluation, folder } = await trained(plan.recipes[best.head], chosen);
    const outcome = { head: best.head, trials, plain: plain?.evaluation ?? null };
    writeFileAtomic(join(folder.path, "fit.json"), prettyJson(outcome));
    return { ...outcome, folder, evaluation };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

interface Trained {
  readonly evaluation: EvaluationResult;
  readonly folder: RunFolder;
  /** On held-out images, where there are some. */
  readonly heldOut: EvaluationEvent | null;
}

async function trained(recipe: ResolvedRecipe, settings: FitSettings): Promise<Trained> {
  let heldOut: EvaluationEvent | null = null;
  const onEvent: Listener = (event) => {
    if (event.type === "evaluation" && event.split === "held-out") heldOut = event;
  };
  const listeners = [...settings.listeners, onEvent];
  const { evaluation, folder } = await trainRun({ ...settings, recipe, listeners });
  if (evaluation === null) {
    settings.signal?.throwIfAborted();
    throw new Error("fit: a training ended without a result");
  }
  return { evaluation, folder, heldOut };
}
