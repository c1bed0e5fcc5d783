import type { JoinOptions } from "../distributed/join.js";
import type { Peers } from "../distributed/peers.js";
import type { ReproduceOptions, Reproduction } from "../inference/reproduce.js";
import type { SeedHooks, SeedsResult } from "../inference/seeds.js";
import type { MlflowOptions } from "../logs/mlflow/settings.js";
import type { ProfileOptions } from "../profile/profile-recipe.js";
import type { Profile } from "../profile/summary.js";
import type { RecipeInput, ResolvedRecipe } from "../recipes/schema.js";
import type { Listener } from "../runs/events.js";
import type { RunSettings, TrainOptions } from "../training/settings.js";
import type { TrainResult } from "../training/train.js";
import { trainable } from "./recipes.js";

/**
 * Settings of a training.
 *
 * @example
 * const options: TrainingOptions = { data: "my-photos", out: "runs/mine", listeners: [consoleListener(process.stderr)] };
 */
export interface TrainingOptions extends Omit<RunSettings, "mlflow">, Pick<TrainOptions, "signal"> {
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
  const { trainRun } = await import("../training/train.js");
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
  const { trainRuns } = await import("../inference/seeds.js");
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
  const { defineMethodOf } = await import("../recipes/method-file.js");
  const { reproduceRun } = await import("../inference/reproduce.js");
  await defineMethodOf(run);
  const { versions } = await import("../runs/versions.js");
  const { data, listeners = [], command = [], ...rest } = options;
  const recipe = () => trainable(run, data);
  return reproduceRun(run, { ...rest, listeners, command, versions: versions(), recipe });
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
  const { profileRecipe } = await import("../profile/profile-recipe.js");
  return profileRecipe(await trainable(recipe, data), options);
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
  const join = await import("../distributed/join.js");
  return join.withPeers(options, work);
}

/** Settings of `trainRun` from those of a user of the library. */
async function runOptions(
  recipe: string | RecipeInput | ResolvedRecipe,
  { data, listeners = [], mlflow, command = [], ...options }: TrainingOptions,
): Promise<TrainOptions> {
  const { versions } = await import("../runs/versions.js");
  const { mlflowSettings } = await import("../logs/mlflow/settings.js");
  return {
    ...options,
    recipe: await trainable(recipe, data),
    listeners,
    mlflow: mlflow ? mlflowSettings(mlflow) : undefined,
    versions: versions(),
    command,
  };
}
