import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { detectKind } from "../../index.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { UsageError } from "../../support/errors.js";
import { overridesFrom, recipeFrom, withDataFolder } from "../recipe-arguments.js";

/** What says which data a command looks at. */
export interface DataArguments {
  readonly data?: string | undefined;
  readonly kind?: string | undefined;
  readonly set: readonly string[];
}

/** The data that a command looks at. */
export interface ChosenData {
  readonly name: string;
  /** With the data folder's full path. */
  readonly data: ResolvedRecipe["data"] & { readonly root: string };
  /** Side of the square that the network sees; null when no recipe says it. */
  readonly imageSize: number | null;
  readonly groups: ResolvedRecipe["evaluation"]["groups"];
}

/**
 * The data of the recipe that is named; without one, of the folder with the keys that --set gives. A data folder may stand
 * in the recipe's place.
 */
export async function chooseData(
  named: string | undefined,
  settings: readonly string[],
  { data, kind, set }: DataArguments,
): Promise<ChosenData> {
  const isFolder = named !== undefined && data === undefined && isDataFolder(named);
  const [nameOrPath, folder] = isFolder ? [undefined, named] : [named, data];
  const [given] = settings;
  if (isFolder && given !== undefined)
    throw new UsageError(`${named} is a data folder: expected nothing after it, found ${given}.`);
  if (nameOrPath !== undefined) {
    const kinds = kind === undefined ? [] : [`data.kind=${kind}`];
    const recipe = await recipeFrom(nameOrPath, { set: [...set, ...kinds], settings, data: folder });
    return chosen(recipe, recipe.data.imageSize);
  }
  if (folder === undefined)
    throw new UsageError("which data? Expected a data folder, or a recipe that names one");
  const found = kind ?? kindFrom(set) ?? (await detectKind(folder)) ?? unknownKind(folder);
  const { dataRecipe } = await import("../../recipes/resolve-data.js");
  const overrides = await overridesFrom({ set: [...set, `data.kind=${found}`], data: folder });
  const source = { name: basename(resolve(folder)), source: "the command line", overrides };
  const recipe = dataRecipe({ kind: "image-folder" }, source);
  return chosen(recipe, found.startsWith("cifar") || set.some(isSize) ? recipe.data.imageSize : null);
}

function isDataFolder(path: string): boolean {
  return (
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true &&
    !existsSync(join(path, "recipe.json"))
  );
}

/** The kind that --set gives, which stands above what the folder looks like. */
function kindFrom(set: readonly string[]): string | undefined {
  return set.findLast((change) => change.startsWith("data.kind="))?.slice("data.kind=".length);
}

function unknownKind(folder: string): never {
  const found = statSync(folder, { throwIfNoEntry: false }) ? "" : "there is no such folder; ";
  throw new UsageError(
    `${folder}: ${found}expected a folder of images for each class (CLASS/*.jpg, or train/CLASS/*.jpg and ` +
      "test/CLASS/*.jpg), a table of images and labels (labels.csv), or data of a --kind (longtail recipes --keys: data.kind)",
  );
}

function isSize(change: string): boolean {
  return change.startsWith("data.imageSize=");
}

function chosen(recipe: ResolvedRecipe, imageSize: number | null): ChosenData {
  const { data } = withDataFolder(recipe);
  const { root } = data;
  if (root === null) throw new UsageError("which data? Expected --data FOLDER");
  return { name: recipe.name, data: { ...data, root }, imageSize, groups: recipe.evaluation.groups };
}
