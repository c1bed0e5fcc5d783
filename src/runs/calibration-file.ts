import { existsSync, statSync } from "node:fs";
import { writeFileAtomic } from "../support/atomic-file.js";
import { LongtailError } from "../support/errors.js";
import { prettyJson, valueAt } from "../support/json.js";
import { readRunFile } from "./read-run.js";
import { runFolder } from "./run-folder.js";
import type { Temperature } from "../evaluation/analysis.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Position } from "./events.js";

/** Which weights of a run a network has. */
export interface WeightsState extends Position {
  readonly weights: ResolvedRecipe["evaluation"]["weights"];
}

export interface FittedTemperature {
  readonly temperature: Temperature;
  /** Held-out images that it was fitted on. */
  readonly images: number;
}

/** calibration.json: the temperature that a run's probabilities are calibrated with, and whose weights it is for. */
export interface CalibrationFile extends FittedTemperature, WeightsState {
  readonly version: 1;
  readonly fittedOn: "held-out";
}

/** Writes calibration.json of a run's folder and returns its path; null, and no file, for a checkpoint by itself. */
export function saveCalibration(
  run: string,
  { state }: { readonly state: WeightsState | null },
  fitted: FittedTemperature,
): string | null {
  if (state === null || !statSync(run).isDirectory()) return null;
  const path = runFolder(run).calibration;
  const content: CalibrationFile = { version: 1, ...state, fittedOn: "held-out", ...fitted };
  writeFileAtomic(path, prettyJson(content));
  return path;
}

/** The calibration of a run's folder, when it has one, and whether it is that of the weights that were loaded. */
export function findCalibration(
  run: string,
  { state }: { readonly state: WeightsState | null },
): { calibration: CalibrationFile; path: string; fits: boolean } | null {
  const path = runFolder(run).calibration;
  if (!existsSync(path)) return null;
  const calibration = readCalibration(run);
  const { epoch, step, weights } = calibration;
  const fits = state?.epoch === epoch && state.step === step && state.weights === weights;
  return { calibration, path, fits };
}

/** The temperature of a run's folder that was fitted to the weights that were loaded; null where there is none. */
export function fittedTemperature(
  run: string,
  loaded: { readonly state: WeightsState | null },
): Temperature | null {
  const found = findCalibration(run, loaded);
  return found?.fits === true ? found.calibration.temperature : null;
}

/** A run's calibration.json. @throws LongtailError when it cannot be read or is something else. */
function readCalibration(run: string): CalibrationFile {
  const path = runFolder(run).calibration;
  const found = readRunFile(path, "what evaluate --calibrate wrote");
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
