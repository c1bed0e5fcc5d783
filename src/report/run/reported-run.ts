import type { Analysis } from "../../evaluation/analysis.js";
import { type FitFile, readFit } from "../../runs/fit-file.js";
import { hasResult, readAnalysis, readDescription, readResult } from "../../runs/read-run.js";
import { runFolder, type RunDescription, type RunFolder } from "../../runs/run-folder.js";
import { readHistory, type History } from "./history.js";
import { evaluationOf, type RunEvaluation } from "./run-evaluation.js";
import { picturesOf, type Pictures, testPictures } from "./pictures.js";

/** Suspected labels that are shown with pictures. */
export const SUSPECTS_SHOWN = 24;

/** A run as its report sees it. */
export interface ReportedRun {
  readonly folder: RunFolder;
  readonly description: RunDescription;
  readonly history: History;
  /** null before the first evaluation. */
  readonly evaluation: RunEvaluation | null;
  /** null for a run that has not ended, or that an older version made. */
  readonly analysis: Analysis | null;
  readonly pictures: Pictures;
  /** What `fit` tried and suggests; null for other runs. */
  readonly fit: FitFile | null;
  /** Of training images whose labels look wrong. */
  readonly trainPictures: Pictures;
}

/** @throws LongtailError for a folder that holds no run. */
export async function readRun(path: string): Promise<ReportedRun> {
  const folder = runFolder(path);
  const description = readDescription(path);
  const history = await readHistory(folder.metrics);
  const evaluation = evaluationOf(hasResult(path) ? readResult(path) : null, history);
  const analysis = readAnalysis(path);
  const pictures = await testPictures(description, analysis);
  const fit = readFit(path);
  const suspects = fit?.suggestions?.suspects.slice(0, SUSPECTS_SHOWN) ?? [];
  const places = suspects.map(({ index }) => index);
  const trainPictures = await picturesOf(description, "train", places);
  return { folder, description, history, evaluation, analysis, pictures, fit, trainPictures };
}
