import { existsSync } from "node:fs";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { prettyJson, valueAt } from "../support/json.js";
import { readRunFile } from "./read-run.js";
import { runFolder, type RunFolder } from "./run-folder.js";

/** A classifier that `fit` tried, with its accuracy in percent on held-out images. */
export interface FitTrial {
  readonly name: string;
  readonly all: number;
  readonly many: number | null;
  readonly medium: number | null;
  readonly few: number | null;
  /** Mean over the classes. */
  readonly balanced: number;
  /** False for what was tried to compare with alone. */
  readonly selectable: boolean;
}

/** fit.json: what `longtail fit` chose for a run, and why. */
export interface FitFile {
  readonly version: 1;
  /** Name of the classifier that was chosen. */
  readonly head: string;
  readonly description: string;
  /** Images that it was chosen by; 0 where nothing was chosen. */
  readonly heldOut: number;
  readonly trials: readonly FitTrial[];
  /** On the test images, of a plain classifier on the same features; null where none was trained. */
  readonly plain: EvaluationResult | null;
}

/** Writes fit.json of a run. */
export function writeFit(folder: RunFolder, file: FitFile): void {
  writeFileAtomic(folder.fit, prettyJson(file));
}

/** fit.json of a run; null for a run that `fit` did not make, or one of another version. */
export function readFit(run: string): FitFile | null {
  const { fit } = runFolder(run);
  if (!existsSync(fit)) return null;
  const found = readRunFile(fit, "what longtail fit wrote");
  return valueAt(found, ["version"]) === 1 ? (found as FitFile) : null;
}
