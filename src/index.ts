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
import { resolve } from "node:path";
import type { Dataset, Split } from "./data/dataset.js";
import type { JoinOptions } from "./distributed/join.js";
import type { Peers } from "./distributed/peers.js";
import type { EvaluateOptions, Evaluation } from "./inference/evaluate.js";
import type { ExportOptions } from "./inference/export.js";
import type { LoadOptions, TrainedModel } from "./inference/model.js";
import type { ReproduceOptions, Reproduction } from "./inference/reproduce.js";
import type { SeedHooks, SeedsResult } from "./inference/seeds.js";
import type { InstallOptions } from "./libtorch/install.js";
import type { EngineLocation } from "./libtorch/locate.js";
import type { MlflowOptions } from "./logs/mlflow/settings.js";
import type { ProfileOptions } from "./profile/profile-recipe.js";
import type { Profile } from "./profile/summary.js";
import type { RecipeInput, ResolvedRecipe } from "./recipes/schema.js";
import type { CompareOptions } from "./report/compare/compare-runs.js";
import type { Comparison } from "./report/compare/comparison.js";
import type { Listener } from "./runs/events.js";
import { UsageError } from "./support/errors.js";
import type { Json } from "./support/json.js";
import type { EngineInfo } from "./torch/native.js";
import type { TrainOptions, TrainResult } from "./training/train.js";

export { formatCalibration, formatTemperature } from "./evaluation/calibration-table.js";
export { formatSeeds } from "./evaluation/over-seeds.js";
export { formatAccuracy, formatEvaluation } from "./evaluation/results-table.js";
export { consoleListener } from "./logs/console.js";
export { formatProfile } from "./profile/text.js";
export { defineRecipe } from "./recipes/define.js";
export {
  CheckpointError,
  DataError,
  EngineError,
  LongtailError,
  TrainingError,
  UsageError,
} from "./support/errors.js";
export type { Dataset, Pixels, Split } from "./data/dataset.js";
export type { Group, GroupRule } from "./data/groups.js";
export type { JoinOptions } from "./distributed/join.js";
export type { Peers } from "./distributed/peers.js";
export type { ClassAccuracy, EvaluationResult, ModelScores } from "./evaluation/accuracy.js";
export type { ByGroup, Calibration, ConfidenceBin, Temperature } from "./evaluation/analysis.js";
export type { GroupSpread, SeedSummary, Spread } from "./evaluation/over-seeds.js";
export type { ClassScores, GroupAccuracy } from "./evaluation/scores.js";
export type { Confusion } from "./evaluation/tally.js";
export type { CalibrationResult } from "./inference/calibrate.js";
export type { EvaluateOptions, Evaluation, EvaluationProgress } from "./inference/evaluate.js";
export type { ExportOptions } from "./inference/export.js";
export type { ImageInput, RawImage } from "./inference/images.js";
export type { LoadOptions, ModelCalibration, TrainedModel } from "./inference/model.js";
export type { ImagePrediction, Prediction, PredictOptions } from "./inference/predict.js";
export type { Prior, PriorResult, PriorTarget } from "./inference/prior.js";
export type { ReproduceOptions, Reproduction } from "./inference/reproduce.js";
export type { SeedHooks, SeedRun, SeedsResult } from "./inference/seeds.js";
export type { TauResult } from "./inference/tau.js";
export type { InstallOptions, InstallProgress } from "./libtorch/install.js";
export type { EngineLocation } from "./libtorch/locate.js";
export type { MlflowOptions } from "./logs/mlflow/settings.js";
export type { ProfileOptions } from "./profile/profile-recipe.js";
export type { Profile } from "./profile/summary.js";
export type { RecipeInput, ResolvedRecipe } from "./recipes/schema.js";
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
export type { RunFolder, RunResult } from "./runs/run-folder.js";
export type { EngineInfo, KernelChoice } from "./torch/native.js";
export type { TrainResult } from "./training/train.js";

/**
 * Settings of a training.
 *
 * @example
 * const options: TrainingOptions = { data: "my-photos", out: "runs/mine", listeners: [consoleListener(process.stderr)] };
 */
export interface TrainingOptions extends Pick<
  TrainOptions,
  "out" | "device" | "threads" | "kernels" | "force" | "resume" | "from" | "signal" | "peers"
> {
  /** Data folder; the recipe's unless given. */
  readonly data?: string | undefined;
  /** Receive every event, in order; nothing is printed without one (`consoleListener(process.stderr)` prints). */
  readonly listeners?: readonly Listener[];
  /** MLflow server that receives the run as well; null or not given: none. */
  readonly mlflow?: MlflowOptions | null | undefined;
  /** Command line that started the training, program first, for recipe.json; empty unless given. */
  readonly command?: readonly string[];
}

/**
 * Trains a recipe, by its name, its file's path or as an object, into the folder `out`.
 *
 * @throws UsageError for a recipe or settings that are wrong, DataError, CheckpointError, EngineError, TrainingError.
 * @example
 * const { evaluation, folder } = await train("caltech20-lt-ncl", {
 *   data: "my-photos",
 *   out: "runs/mine",
 *   listeners: [consoleListener(process.stderr)],
 * });
 */
export async function train(
  recipe: string | RecipeInput | ResolvedRecipe,
  options: TrainingOptions,
): Promise<TrainResult> {
  const { trainRun } = await import("./training/train.js");
  return trainRun(await runOptions(recipe, options));
}

/**
 * Trains a recipe with several seeds, from the recipe's own on, each run into a folder of `out`; seeds.json there has the
 * mean and the sample standard deviation of the accuracies.
 *
 * @throws What `train` throws, and UsageError for fewer than one seed; the signal's reason when it ends a training early.
 * @example
 * const { ensemble } = await trainSeeds("caltech20-lt-ncl", { seeds: 3, data: "my-photos", out: "runs/three" });
 * console.log(ensemble.all?.mean, ensemble.all?.deviation);
 */
export async function trainSeeds(
  recipe: string | RecipeInput | ResolvedRecipe,
  { seeds, onStart, onEnd, ...options }: TrainingOptions & SeedHooks & { readonly seeds: number },
): Promise<SeedsResult> {
  const { trainRuns } = await import("./inference/seeds.js");
  return trainRuns({ ...(await runOptions(recipe, options)), count: seeds, onStart, onEnd });
}

/**
 * Trains a run again from its recipe.json, into a folder of its own, and compares the results to the digit.
 *
 * @throws LongtailError for a folder that holds no finished run; what `train` throws; the signal's reason.
 * @example
 * const { same, differences } = await reproduce("runs/mine");
 */
export async function reproduce(run: string, options: ReproduceOptions = {}): Promise<Reproduction> {
  const { reproduceRun } = await import("./inference/reproduce.js");
  const { versions } = await import("./runs/versions.js");
  const { data, listeners = [], command = [], ...rest } = options;
  const recipe = () => trainable(run, data);
  return reproduceRun(run, { ...rest, listeners, command, versions: versions(), recipe });
}

/**
 * Loads a run's folder, a checkpoint or, with its `recipe`, a file of weights alone, such as PyTorch's .pth.
 *
 * @param options `recipe` is that of a file of weights; `data` the folder of its training images, which name the classes.
 * @throws CheckpointError for a path that holds no checkpoint, or one that does not fit; UsageError for a device that is
 *   not there; EngineError.
 * @example
 * using model = await load("runs/mine", { threads: 2 });
 * const { predictions } = await model.predict("photo.jpg", { top: 1 });
 * using imported = await load("best.pth", { recipe: "cifar100-lt-ncl", data: "cifar-100-binary" });
 */
export async function load(
  path: string,
  options: LoadOptions & {
    readonly recipe?: string | RecipeInput | ResolvedRecipe | undefined;
    readonly data?: string | undefined;
  } = {},
): Promise<TrainedModel> {
  const { loadModel } = await import("./inference/model.js");
  const { recipe, data, ...rest } = options;
  if (recipe !== undefined && options.weights !== undefined)
    throw new UsageError("weights chooses among a checkpoint's; a file that needs a recipe holds one kind");
  return loadModel(path, {
    ...rest,
    recipe: recipe === undefined ? undefined : await trainable(recipe, data),
  });
}

/**
 * Evaluates a run or a checkpoint on its test images: `load`, the model's `evaluate`, and disposal of it.
 *
 * @throws What `load` and the model's `evaluate` throw.
 * @example
 * const { ensemble, perClass, prior } = await evaluate("runs/mine", { prior: "uniform" });
 */
export async function evaluate(
  path: string,
  options: EvaluateOptions & Omit<Parameters<typeof load>[1], "data"> = {},
): Promise<Evaluation> {
  using model = await load(path, options);
  return await model.evaluate(options);
}

/**
 * Writes a trained network's weights for other programs. A .pth file is laid out as NCL's PyTorch code has it; the tensors
 * have PyTorch's names. Returns the path of the checkpoint that was exported.
 *
 * @throws CheckpointError when the checkpoint cannot be read; LongtailError when the file cannot be written.
 * @example
 * await exportModel("runs/mine", { format: "safetensors", out: "mine.safetensors" });
 */
export async function exportModel(run: string, options: ExportOptions): Promise<string> {
  const { exportWeights } = await import("./inference/export.js");
  return exportWeights(run, options);
}

/**
 * Compares finished runs: those that differ in nothing but the seed are taken together, and every other recipe is tested
 * against the first (Welch's t-test, Holm's method). Folders of several runs, as `trainSeeds` makes, stand for theirs.
 *
 * @throws UsageError for a folder that holds no finished run, or where there is nothing to compare.
 * @example
 * const { groups, differences } = await compare(["runs/ce-seeds", "runs/ncl-seeds"], { out: "compare.html" });
 */
export async function compare(runs: readonly string[], options: CompareOptions = {}): Promise<Comparison> {
  const comparison = await import("./report/compare/compare-runs.js");
  return comparison.compare(runs, options);
}

/**
 * Makes the page about a run, as the command line does after a training: one HTML file, report/index.html in the run's
 * folder unless `out` names another. Returns its path.
 *
 * @throws LongtailError for a folder that holds no run, or one that cannot be written to.
 * @example
 * const path = await writeReport("runs/mine");
 */
export async function writeReport(
  run: string,
  options: { readonly out?: string | undefined } = {},
): Promise<string> {
  const report = await import("./report/write-report.js"); // charts are heavy: those who only train do not load them
  return report.writeReport(run, options);
}

/**
 * Opens a split of a data set: classes, labels, and where the images are.
 *
 * @param data the recipe's `data` keys, of which the rest has its defaults.
 * @throws UsageError for a wrong key; DataError for data that is missing, of another kind or damaged.
 * @example
 * const { classes, labels, size } = await openDataset({ kind: "image-folder", root: "my-photos" }, "train");
 */
export async function openDataset(
  data: Partial<RecipeInput["data"]> & Pick<RecipeInput["data"], "kind">,
  split: Split,
): Promise<Dataset> {
  const { dataRecipe } = await import("./recipes/resolve-data.js");
  const registry = await import("./data/registry.js");
  const recipe = dataRecipe(data as Json, { name: "data", source: "the data that was given" });
  return registry.openDataset(recipe.data, split);
}

/**
 * Fills in and checks a recipe: a built-in's name, a file's path, a run's folder or an object, changed by the keys of
 * `set` and the data folder.
 *
 * @throws UsageError for an unknown name, an unreadable file and every fault of the recipe.
 * @example
 * const recipe = await loadRecipe("cifar100-lt-ncl", { data: "cifar", set: { epochs: 8, "optimizer.lr": 0.02 } });
 */
export async function loadRecipe(
  recipe: string | RecipeInput | ResolvedRecipe,
  {
    set = {},
    data,
  }: { readonly set?: Readonly<Record<string, Json>>; readonly data?: string | undefined } = {},
): Promise<ResolvedRecipe> {
  const overrides = Object.entries(set).map(([key, value]) => {
    return { path: key.split("."), value, text: `set: ${key}=${JSON.stringify(value)}` };
  });
  if (data !== undefined)
    overrides.push({ path: ["data", "root"], value: resolve(data), text: `data: ${data}` });
  if (typeof recipe === "string") return (await import("./recipes/load.js")).loadRecipe(recipe, overrides);
  const { resolveRecipe } = await import("./recipes/resolve.js");
  return resolveRecipe(recipe as unknown as Json, "the recipe that was given", overrides);
}

/**
 * Does work as one of several processes that a launcher (torchrun, `longtail launch`, Slurm, Kubernetes) has started, or
 * alone where there is none.
 *
 * @throws PeerError, a LongtailError that names the process that is gone, where the work ended because of another.
 * @example
 * await withPeers({ device: "cuda" }, (peers, device) => train(recipe, { data, out, device, peers }));
 */
export async function withPeers<T>(
  options: JoinOptions,
  work: (peers: Peers, device: string) => Promise<T>,
): Promise<T> {
  const join = await import("./distributed/join.js");
  return join.withPeers(options, work);
}

/**
 * Trains some steps of a recipe, keeps nothing of them, and measures where their time goes.
 *
 * @throws What `train` throws; the signal's reason.
 * @example
 * const { stepsPerSecond } = await profile("caltech20-lt-ncl", { data: "my-photos" });
 */
export async function profile(
  recipe: string | RecipeInput | ResolvedRecipe,
  { data, ...options }: ProfileOptions & { readonly data?: string | undefined } = {},
): Promise<Profile> {
  const { profileRecipe } = await import("./profile/profile-recipe.js");
  return profileRecipe(await trainable(recipe, data), options);
}

/**
 * Loads the engine, libtorch, and says where it is, its version, and what it can use on this machine.
 *
 * @throws EngineError when it is missing or of another version.
 * @example
 * const { version, devices } = await engineInfo();
 */
export async function engineInfo(): Promise<
  EngineLocation & EngineInfo & { readonly devices: readonly string[] }
> {
  const { locateEngine } = await import("./libtorch/locate.js");
  const location = locateEngine();
  const settings = await import("./torch/settings.js");
  return { ...location, ...settings.engineInfo(), devices: settings.availableDevices() };
}

/**
 * Downloads libtorch into the per-user cache where it is not there yet; the installation appears whole or not at all, and a
 * second process waits for the first.
 *
 * @throws EngineError that says what to do: no network, a full disk, a platform that is not supported.
 * @example
 * await installEngine({ onProgress: ({ kind }) => console.log(kind) });
 */
export async function installEngine(options: InstallOptions = {}): Promise<EngineLocation> {
  const install = await import("./libtorch/install.js");
  return install.installEngine(options);
}

/** Settings of `trainRun` from those of a user of the library. */
async function runOptions(
  recipe: string | RecipeInput | ResolvedRecipe,
  { data, listeners = [], mlflow, command = [], ...options }: TrainingOptions,
): Promise<TrainOptions> {
  const { versions } = await import("./runs/versions.js");
  const { mlflowSettings } = await import("./logs/mlflow/settings.js");
  return {
    ...options,
    recipe: await trainable(recipe, data),
    listeners,
    mlflow: mlflow ? mlflowSettings(mlflow) : undefined,
    versions: versions(),
    command,
  };
}

/** The recipe with its data folder's full path, so that the run can be evaluated from anywhere later. */
async function trainable(
  recipe: string | RecipeInput | ResolvedRecipe,
  data: string | undefined,
): Promise<ResolvedRecipe> {
  const resolved = await loadRecipe(recipe, { data });
  const { root } = resolved.data;
  if (root === null)
    throw new UsageError(`recipe ${resolved.name} names no data folder; give it with the option data`);
  return { ...resolved, data: { ...resolved.data, root: resolve(root) } };
}
