import { UsageError } from "../support/errors.js";
import type { Trained } from "../inference/trained.js";
import { recipeFrom, withDataFolder } from "./recipe-arguments.js";

/** What says which network to load. */
export interface TrainedArguments {
  readonly recipe?: string | undefined;
  readonly set: readonly string[];
  readonly data?: string | undefined;
  readonly device: string;
  readonly weights?: "ema" | "raw" | undefined;
}

/** The network of a run or a checkpoint or, with --recipe, of a file of weights that does not say what it is for. */
export async function trainedFrom(path: string, options: TrainedArguments): Promise<Trained> {
  const { loadTrained, loadWithRecipe } = await import("../inference/trained.js");
  const { recipe, set, data, device, weights } = options;
  if (recipe !== undefined && weights !== undefined)
    throw new UsageError("--weights chooses among a checkpoint's; a file that needs --recipe holds one kind");
  if (recipe !== undefined)
    return await loadWithRecipe(path, withDataFolder(await recipeFrom(recipe, { set, data })), { device });
  if (set.length > 0) throw new UsageError("--set changes the recipe that --recipe names; expected --recipe");
  return loadTrained(path, { device, weights });
}
