import { existsSync, readFileSync } from "node:fs";
import type { Analysis } from "../evaluation/analysis.js";
import { migrateValue } from "../recipes/renamed-keys.js";
import { LongtailError } from "../support/errors.js";
import { valueAt } from "../support/json.js";
import type { CalibrationFile } from "./calibration-file.js";
import { type RunDescription, runFolder, type RunResult } from "./run-folder.js";
import { storedRecipe } from "./stored-recipe.js";

/** A run's recipe.json, of any version. @throws LongtailError for a folder that holds no run. */
export function readDescription(run: string): RunDescription {
  const path = runFolder(run).recipe;
  const description = read(path, "a run's folder") as RunDescription;
  return { ...description, recipe: storedRecipe(description.recipe, path) };
}

/** A run's result.json. @throws LongtailError for a folder that holds no finished run. */
export function readResult(run: string): RunResult {
  const result = read(runFolder(run).result, "a run that has finished") as RunResult;
  return { ...result, groups: migrateValue("evaluation.groups", result.groups) };
}

/** A run's analysis.json; null for a run that has not ended, or that an older version made. */
export function readAnalysis(run: string): Analysis | null {
  const path = runFolder(run).analysis;
  return existsSync(path) ? (read(path, "the analysis of a run that has finished") as Analysis) : null;
}

/** A run's calibration.json. @throws LongtailError when it cannot be read or is something else. */
export function readCalibration(run: string): CalibrationFile {
  const path = runFolder(run).calibration;
  const found = read(path, "what evaluate --calibrate wrote");
  const version = valueAt(found, ["version"]);
  if (version === 1 && isTemperature(valueAt(found, ["temperature"]))) return found as CalibrationFile;
  throw new LongtailError(
    `${path}: expected what evaluate --calibrate wrote, version 1 with temperatures above 0, found version ` +
      `${String(version)}${version === 1 ? " without" : ""}; longtail evaluate --calibrate writes it anew.`,
  );
}

function isTemperature(found: unknown): boolean {
  const kind = valueAt(found, ["kind"]);
  const given = valueAt(found, [kind === "global" ? "temperature" : "temperatures"]);
  const values: unknown[] = kind === "global" ? [given] : Object.values(given ?? {});
  const isKnown = ["global", "group", "expert"].some((one) => one === kind);
  return isKnown && values.length > 0 && values.every((value) => typeof value === "number" && value > 0);
}

/** Whether a run has ended with a result. */
export function hasResult(run: string): boolean {
  return existsSync(runFolder(run).result);
}

function read(path: string, expected: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new LongtailError(
      `${path}: expected ${expected}, but it cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
