import { resolve } from "node:path";
import type { Dataset, Split } from "../data/dataset.js";
import { fromSamePlace, isOverridden } from "../recipes/faults.js";
import type { RecipeInput, ResolvedRecipe } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";
import type { Json } from "../support/json.js";

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
  if (typeof recipe === "string") return (await import("../recipes/load.js")).loadRecipe(recipe, overrides);
  const { resolveRecipe } = await import("../recipes/resolve.js");
  const resolved = resolveRecipe(recipe as unknown as Json, "the recipe that was given", overrides);
  return fromSamePlace(resolved, recipe);
}

/**
 * The recipe with its data folder's full path, so that the run can be evaluated from anywhere later, and with the kind of
 * data that is there, where the recipe is for folders of images and nobody has set another kind.
 */
export async function trainable(
  recipe: string | RecipeInput | ResolvedRecipe,
  data: string | undefined,
): Promise<ResolvedRecipe> {
  const resolved = await loadRecipe(recipe, { data });
  const { root } = resolved.data;
  if (root === null)
    throw new UsageError(`recipe ${resolved.name} names no data folder; give it with the option data`);
  const own = { ...resolved.data, root: resolve(root) };
  const { fittingKind } = await import("../data/detect-kind.js");
  const kind = isOverridden(resolved, "data.kind") ? own.kind : fittingKind(own);
  return fromSamePlace({ ...resolved, data: { ...own, kind } }, resolved);
}

/**
 * Tells what kind of data a folder holds: folders of images, a table beside images, CIFAR, … ; undefined for a folder that
 * looks like none, or does not exist.
 *
 * @example
 * const kind = await detectKind("my-photos"); // "image-folder"
 */
export async function detectKind(root: string): Promise<ResolvedRecipe["data"]["kind"] | undefined> {
  const detection = await import("../data/detect-kind.js");
  return detection.detectKind(root);
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
  const { dataRecipe } = await import("../recipes/resolve-data.js");
  const registry = await import("../data/registry.js");
  const recipe = dataRecipe(data as Json, { name: "data", source: "the data that was given" });
  return registry.openDataset(recipe.data, split);
}
