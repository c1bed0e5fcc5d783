/**
 * longtail as a library: `import { train } from "longtail"`. A training tells typed events while it goes on; the command
 * line's own displays and logs listen to the same ones.
 */
import { resolve } from "node:path";
import { versions } from "./runs/versions.js";
import { loadRecipe } from "./recipes/load.js";
import type { Override } from "./recipes/overrides.js";
import { resolveRecipe } from "./recipes/resolve.js";
import type { RecipeInput } from "./recipes/schema.js";
import { UsageError } from "./support/errors.js";
import type { Json } from "./support/json.js";
import type { Listener } from "./runs/events.js";
import { type MlflowOptions, mlflowSettings } from "./logs/mlflow/settings.js";
import { type TrainOptions, type TrainResult, trainRun } from "./training/train.js";
export type { EvaluationResult } from "./evaluation/accuracy.js";
export { installEngine, type InstallOptions, type InstallProgress } from "./libtorch/install.js";
export type { EngineLocation } from "./libtorch/locate.js";
export type { RecipeInput, ResolvedRecipe } from "./recipes/schema.js";
export {
  CheckpointError,
  DataError,
  EngineError,
  LongtailError,
  TrainingError,
  UsageError,
} from "./support/errors.js";
export { consoleListener } from "./logs/console.js";
export type {
  CacheEvent,
  CheckpointEvent,
  EndEvent,
  EpochEvent,
  EpochStartEvent,
  EvaluationEvent,
  Histogram,
  HistogramsEvent,
  ImagesEvent,
  Listener,
  RunEvent,
  StepEvent,
  TrainingEvent,
  WarningEvent,
} from "./runs/events.js";
export type { RunFolder } from "./runs/run-folder.js";
export type { TrainResult } from "./training/train.js";

export interface TrainingOptions extends Pick<
  TrainOptions,
  "out" | "device" | "threads" | "kernels" | "force" | "resume" | "from" | "signal"
> {
  /** The data's folder; the recipe's unless given. */
  readonly data?: string;
  /** Hear every event, in order; nothing is printed without one (`consoleListener(process.stderr)` prints). */
  readonly listeners?: readonly Listener[];
  /** An MLflow server to tell besides; null: none. */
  readonly mlflow?: MlflowOptions | null;
}

/**
 * Trains a recipe, by its name, its file's path or as an object, into the folder `out`.
 * @throws UsageError for a recipe or settings that are wrong, DataError, CheckpointError, TrainingError.
 */
export async function train(
  recipe: string | RecipeInput,
  { data, listeners = [], mlflow = null, ...options }: TrainingOptions,
): Promise<TrainResult> {
  const overrides: Override[] =
    data === undefined ? [] : [{ path: ["data", "root"], value: resolve(data), text: `data: ${data}` }];
  const resolved =
    typeof recipe === "string"
      ? await loadRecipe(recipe, overrides)
      : resolveRecipe(recipe as unknown as Json, "the recipe that was given", overrides);
  if (resolved.data.root === null)
    throw new UsageError(`recipe ${resolved.name} names no data folder; give it with the option data`);
  return trainRun({
    ...options,
    recipe: resolved,
    listeners,
    mlflow: mlflow === null ? undefined : mlflowSettings(mlflow),
    versions: versions(),
    command: [],
  });
}

/**
 * Makes the page about a run, as the command line does after a training: one HTML file, report/index.html in the run's
 * folder unless `out` names another. Returns its path.
 * @throws LongtailError for a folder that holds no run, or one that cannot be written to.
 */
export async function writeReport(run: string, options: { out?: string } = {}): Promise<string> {
  const report = await import("./report/write-report.js"); // charts are heavy: those who only train do not load them
  return await report.writeReport(run, options);
}
