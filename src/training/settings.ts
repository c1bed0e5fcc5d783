import type { Peers } from "../distributed/peers.js";
import type { MlflowSettings } from "../logs/mlflow/settings.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Listener } from "../runs/events.js";
import type { Execution, Versions } from "../runs/run-folder.js";
import type { KernelChoice } from "../torch/native.js";

export type { Execution } from "../runs/run-folder.js";

/**
 * How a recipe is run: where, on what, and whether it starts or resumes. The command line and the library pass it through
 * to the training as it is. Whatever changes the numbers of a run is written into its recipe.json.
 */
export interface RunSettings {
  /** The run's folder; see `freshRunFolder` for one that is free. */
  readonly out: string;
  /** "cpu" unless given; of a run that is resumed, as it began. */
  readonly device?: string | undefined;
  /** libtorch's own choice unless given; of a run that is resumed, as it began, if the machine has as many cores. */
  readonly threads?: number | undefined;
  /** As they are set unless given; of a run that is resumed, as it began. */
  readonly kernels?: KernelChoice | undefined;
  /** Whether a GPU's steps are recorded as a CUDA graph; unless given, LONGTAIL_CUDA_GRAPHS decides: on. */
  readonly cudaGraphs?: boolean | undefined;
  /** Whether each expert has a GPU stream of its own; unless given, LONGTAIL_EXPERT_STREAMS decides: off. */
  readonly expertStreams?: boolean | undefined;
  /** Moves a run that lies in `out` aside instead of refusing. */
  readonly force?: boolean | undefined;
  /** Resumes the run that lies in `out`; starts it when there is none. */
  readonly resume?: boolean | undefined;
  /** Whether to resume on other images than the run began with, with a warning; an error unless given. */
  readonly changedData?: boolean | undefined;
  /** A checkpoint of NCL's PyTorch code to continue from. */
  readonly from?: string | undefined;
  /** An MLflow server to log to as well. */
  readonly mlflow?: MlflowSettings | undefined;
  /** The processes that train together: each runs with the same settings. The first one alone writes files. */
  readonly peers?: Peers | undefined;
}

/**
 * How a run's steps are executed. Where the settings do not say, the environment does: LONGTAIL_CUDA_GRAPHS=off launches a
 * GPU's operators one by one; LONGTAIL_EXPERT_STREAMS=on gives each expert a stream of its own, which no GPU has run yet.
 */
export function executionFrom(
  { cudaGraphs, expertStreams }: Pick<RunSettings, "cudaGraphs" | "expertStreams"> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Execution {
  return {
    cudaGraphs: cudaGraphs ?? environment["LONGTAIL_CUDA_GRAPHS"] !== "off",
    expertStreams: expertStreams ?? environment["LONGTAIL_EXPERT_STREAMS"] === "on",
  };
}

/** A recipe, how it is run, and who listens. */
export interface TrainOptions extends RunSettings {
  /** Whether images of a validation folder have chosen the recipe already, and need not choose an epoch besides. */
  readonly validationChose?: boolean;
  readonly recipe: ResolvedRecipe;
  readonly listeners: readonly Listener[];
  readonly versions: Versions;
  /** The command line, program first; empty when started from code. */
  readonly command: readonly string[];
  /** Ends the run after the current step, with a checkpoint; before the first one its reason is thrown. */
  readonly signal?: AbortSignal;
}
