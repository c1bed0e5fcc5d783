import { type KernelChoice, load, type TrainedModel, UsageError } from "../index.js";
import { recipeFrom, withDataFolder } from "./recipe-arguments.js";

/** What says which network to load, and how it computes. */
export interface ModelArguments {
  readonly recipe?: string | undefined;
  readonly set: readonly string[];
  readonly data?: string | undefined;
  readonly device: string;
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly weights?: "ema" | "raw" | undefined;
}

/** The network of a run or a checkpoint or, with --recipe, of a file of weights that does not say what it is for. */
export async function modelFrom(path: string, options: ModelArguments): Promise<TrainedModel> {
  const { recipe: name, set, data, device, threads, kernels, weights } = options;
  if (name === undefined && set.length > 0)
    throw new UsageError("--set changes the recipe that --recipe names; expected --recipe");
  if (name !== undefined && weights !== undefined)
    throw new UsageError("--weights chooses among a checkpoint's; a file that needs --recipe holds one kind");
  const recipe = name === undefined ? undefined : withDataFolder(await recipeFrom(name, { set, data }));
  return load(path, { device, threads, kernels, weights, recipe });
}
