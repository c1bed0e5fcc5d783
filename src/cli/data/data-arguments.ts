import { basename, resolve } from "node:path";
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

/** The data of the recipe that is named; without one, of the folder with the keys that --set gives. */
export async function chooseData(
  nameOrPath: string | undefined,
  settings: readonly string[],
  { data: folder, kind, set }: DataArguments,
): Promise<ChosenData> {
  if (nameOrPath !== undefined) {
    const kinds = kind === undefined ? [] : [`data.kind=${kind}`];
    const recipe = await recipeFrom(nameOrPath, { set: [...set, ...kinds], settings, data: folder });
    return chosen(recipe, recipe.data.imageSize);
  }
  if (folder === undefined) throw new UsageError("which data? Expected a recipe or --data FOLDER");
  const { detectKind } = await import("../../dataset-tools/detect-kind.js");
  const found = kind ?? detectKind(folder);
  if (found === undefined) {
    throw new UsageError(
      `${folder}: cannot tell what kind of data this is; give it with --kind, or with a recipe (longtail recipes --keys: data.kind)`,
    );
  }
  const { dataRecipe } = await import("../../recipes/resolve-data.js");
  const overrides = await overridesFrom({ set: [...set, `data.kind=${found}`], data: folder });
  const named = { name: basename(resolve(folder)), source: "the command line", overrides };
  const recipe = dataRecipe({ kind: "image-folder" }, named);
  return chosen(recipe, found.startsWith("cifar") || set.some(isSize) ? recipe.data.imageSize : null);
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
