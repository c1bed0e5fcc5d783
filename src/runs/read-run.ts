import { existsSync, readFileSync } from "node:fs";
import type { Analysis } from "../evaluation/analysis.js";
import { migrateValue } from "../recipes/renamed-keys.js";
import { LongtailError } from "../support/errors.js";
import { type RunDescription, runFolder, type RunResult } from "./run-folder.js";
import { assertReadableDescription } from "./format.js";
import { storedRecipe } from "./stored-recipe.js";

/** A run's recipe.json, of any version. @throws LongtailError for a folder that holds no run. */
export function readDescription(run: string): RunDescription {
  const path = runFolder(run).recipe;
  const description = readRunFile(path, "a run's folder") as RunDescription;
  assertReadableDescription(description.format, path);
  return { ...description, recipe: storedRecipe(description.recipe, path) };
}

/** A run's result.json. @throws LongtailError for a folder that holds no finished run. */
export function readResult(run: string): RunResult {
  const result = readRunFile(runFolder(run).result, "a run that has finished") as RunResult;
  return { ...result, groups: migrateValue("evaluation.groups", result.groups) };
}

/** A run's analysis.json; null for a run that has not ended, or that an older version made. */
export function readAnalysis(run: string): Analysis | null {
  const path = runFolder(run).analysis;
  return existsSync(path) ? (readRunFile(path, "the analysis of a run that has finished") as Analysis) : null;
}

/** Whether a run has ended with a result. */
export function hasResult(run: string): boolean {
  return existsSync(runFolder(run).result);
}

/** A JSON file of a run. @throws LongtailError that says what was expected of it. */
export function readRunFile(path: string, expected: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new LongtailError(
      `${path}: expected ${expected}, but it cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
