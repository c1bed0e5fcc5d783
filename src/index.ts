/**
 * longtail as a library: train image classifiers from long-tailed data, load them, predict, evaluate, compare. The command
 * line is made of the same functions. Importing it is cheap: the engine is loaded when something first needs a tensor.
 *
 * @example
 * import { load, train } from "longtail";
 *
 * const { folder } = await train("caltech20-lt-ncl", { data: "my-photos", out: "runs/mine" });
 * using model = await load(folder.path);
 * console.log(await model.predict("photo.jpg"));
 *
 * @module longtail
 */
export {
  compare,
  engineInfo,
  evaluate,
  exportModel,
  exportOnnx,
  exportWeb,
  imageFiles,
  installEngine,
  load,
  sortedLinks,
  writeFeatures,
  writeReport,
} from "./library/models.js";
export { detectKind, loadRecipe, openDataset } from "./library/recipes.js";
export {
  profile,
  reproduce,
  train,
  trainSeeds,
  type TrainingOptions,
  withPeers,
} from "./library/training.js";
export { fit, type FitOptions, type FitResult } from "./library/fit.js";
export { runResults, type ResultsOptions } from "./library/results.js";
export type { ResultsTable, TableProgress } from "./results/run-table.js";
export type { Reported, ResultRow } from "./recipes/result-row.js";
export { fetchWeights, listWeights, type WeightsInfo } from "./library/weights.js";
export { formatCalibration, formatTemperature } from "./evaluation/calibration-table.js";
export { formatSeeds } from "./evaluation/over-seeds.js";
export { formatAccuracy, formatEvaluation } from "./evaluation/results-table.js";
export { type ConsoleOptions, consoleListener } from "./logs/console.js";
export { formatProfile } from "./profile/text.js";
export { defineMethod, type LogitPrior, type MethodDefinition } from "./methods/ensemble/define-method.js";
export { defineRecipe } from "./recipes/define.js";
export {
  CheckpointError,
  DataError,
  DownloadError,
  EngineError,
  LongtailError,
  ModelError,
  TrainingError,
  UsageError,
} from "./support/errors.js";
export type { LeftOut } from "./data/left-out.js";
export type {
  Dataset,
  EncodedPixels,
  FilePixels,
  PackedPixels,
  Pixels,
  SpanPixels,
  Split,
} from "./data/dataset.js";
export type { Group, GroupRule } from "./data/groups.js";
export type { JoinOptions } from "./distributed/join.js";
export type { Peers } from "./distributed/peers.js";
export type { ClassAccuracy, EvaluationResult, ModelScores } from "./evaluation/accuracy.js";
export type { ByGroup, Calibration, ConfidenceBin, Temperature } from "./evaluation/analysis.js";
export type { SeedSummary } from "./evaluation/over-seeds.js";
export type { GroupSpread, Spread } from "./support/spread.js";
export type { WelchTest } from "./evaluation/significance/welch.js";
export type { ClassScores, GroupAccuracy } from "./evaluation/scores.js";
export type { Confusion } from "./evaluation/tally.js";
export type { CalibrationResult } from "./inference/calibrate.js";
export type { EvaluateOptions, Evaluation, EvaluationProgress } from "./inference/evaluate.js";
export type { ExportOptions } from "./inference/export.js";
export type { ImageFeatures } from "./inference/feature-file.js";
export type { PrecisionCost } from "./inference/onnx/reduce-precision.js";
export type { OnnxExport, OnnxOptions } from "./inference/onnx/export-onnx.js";
export type { ModelMetadata } from "./onnx/metadata.js";
export type { ImageInput, RawImage } from "./data/image-input.js";
export type { LoadOptions, ModelCalibration, TrainedModel } from "./inference/model.js";
export type { ImagePrediction, Prediction, PredictOptions } from "./inference/predict.js";
export type { Prior, PriorResult, PriorTarget } from "./inference/prior.js";
export type { ReproduceOptions, Reproduction } from "./inference/reproduce.js";
export type { SeedHooks, SeedRun, SeedsResult } from "./inference/seeds.js";
export type { SortedLinks } from "./inference/sorted-links.js";
export type { WebExport, WebOptions } from "./inference/web/export-web.js";
export type { TauResult } from "./inference/tau.js";
export type { InstallOptions } from "./libtorch/install.js";
export type { InstallProgress } from "./package-index/install-wheels.js";
export type { EngineLocation } from "./libtorch/locate.js";
export type { MlflowOptions } from "./logs/mlflow/settings.js";
export type { ProfileOptions } from "./profile/profile-recipe.js";
export type { AsTrained } from "./profile/as-trained.js";
export type { Profile } from "./profile/summary.js";
export type { RecipeInput, ResolvedRecipe } from "./recipes/schema.js";
export type { DifferingKey } from "./report/compare/recipe-keys.js";
export type { CompareOptions } from "./report/compare/compare-runs.js";
export type {
  Comparison,
  Difference,
  GroupSummary,
  Measure,
  MeasureDifference,
} from "./report/compare/comparison.js";
export type {
  CacheEvent,
  CheckpointEvent,
  EndEvent,
  EpochEvent,
  EpochStartEvent,
  EvaluatedSplit,
  EvaluationEvent,
  Histogram,
  HistogramsEvent,
  ImagesEvent,
  InspectionEvent,
  Listener,
  NoteEvent,
  RunEvent,
  StepEvent,
  TrainingEvent,
  WarningEvent,
} from "./runs/events.js";
export type { BestOnTest } from "./runs/selection.js";
export type { RunFolder, RunResult } from "./runs/run-folder.js";
export type { Json, JsonObject } from "./support/json.js";
export type { EngineInfo, KernelChoice } from "./torch/native.js";
export type { TrainResult } from "./training/train.js";
export type { Preprocessing } from "./weights/entry.js";
export type { WeightsOptions } from "./weights/install.js";
