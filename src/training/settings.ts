import type { Peers } from "../distributed/peers.js";
import type { MlflowSettings } from "../logs/mlflow/settings.js";
import type { Execution } from "../runs/run-folder.js";
import type { KernelChoice } from "../torch/native.js";

export type { Execution } from "../runs/run-folder.js";

/**
 * How a recipe is run: where, on what, and whether it starts or resumes. The command line and the library pass it through
 * to the training as it is. Whatever changes the numbers of a run is written into its recipe.json.
 */
export interface RunSettings {
  /** The run's folder; see `freshRunFolder` for one that is free. */
  readonly out: string;
  /** "cpu" unless given. */
  readonly device?: string | undefined;
  /** libtorch's own choice unless given. */
  readonly threads?: number | undefined;
  /** As they are set unless given. */
  readonly kernels?: KernelChoice | undefined;
  /** By default what the environment says; see `executionFrom`. */
  readonly execution?: Execution | undefined;
  /** Moves a run that lies in `out` aside instead of refusing. */
  readonly force?: boolean | undefined;
  /** Resumes the run that lies in `out`; starts it when there is none. */
  readonly resume?: boolean | undefined;
  /** A checkpoint of NCL's PyTorch code to continue from. */
  readonly from?: string | undefined;
  /** An MLflow server to log to as well. */
  readonly mlflow?: MlflowSettings | undefined;
  /** The processes that train together: each runs with the same settings. The first one alone writes files. */
  readonly peers?: Peers | undefined;
}

/**
 * How steps are executed where the environment has the say: LONGTAIL_CUDA_GRAPHS=off launches a GPU's operators one by
 * one; LONGTAIL_EXPERT_STREAMS=on gives each expert a stream of its own, which no GPU has run yet.
 */
export function executionFrom(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Execution {
  return {
    cudaGraphs: environment["LONGTAIL_CUDA_GRAPHS"] !== "off",
    expertStreams: environment["LONGTAIL_EXPERT_STREAMS"] === "on",
  };
}
