import { fromSamePlace } from "../recipes/faults.js";
import { resolve } from "node:path";
import type { Override } from "../recipes/overrides.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";

export interface RecipeArguments {
  readonly set: readonly string[];
  /** KEY, VALUE, … after a YAML file of the reference code. */
  readonly settings?: readonly string[];
  readonly data?: string | undefined;
  readonly seed?: number | undefined;
  readonly select?: "held-out" | "last" | "test" | undefined;
  /** Processes that will train; each has a batch of its own in the reference. */
  readonly worldSize?: number;
  /** Whether another process reports what has no effect. */
  readonly quiet?: boolean;
  readonly strict?: boolean | undefined;
}

/**
 * The recipe that the command line names, with --set, then the options that stand for keys laid over it. For a file of the
 * reference code --set may name its keys, too, which are in capitals; warnings about the file go to stderr.
 */
export async function recipeFrom(
  nameOrPath: string,
  { set, settings = [], data, seed, select, strict, worldSize = 1, quiet = false }: RecipeArguments,
): Promise<ResolvedRecipe> {
  const { loadRecipe } = await import("../recipes/load.js");
  const [referenceKeys, keys] = partition(set, (text) => /^[A-Z]/.test(text));
  const overrides = await overridesFrom({ set: keys, data });
  if (seed !== undefined) overrides.push({ path: ["seed"], value: seed, text: `--seed ${seed}` });
  if (select !== undefined)
    overrides.push({ path: ["selection", "kind"], value: select, text: `--select ${select}` });
  if (strict !== undefined)
    overrides.push({ path: ["data", "strict"], value: strict, text: strict ? "--strict" : "--no-strict" });
  const onRemarks = (remarks: readonly string[]): void => {
    if (quiet) return;
    const lines = remarks.map((remark) => `  ${remark}\n`);
    process.stderr.write(`warning: not all of ${nameOrPath} has its effect:\n${lines.join("")}`);
  };
  const pairs = referenceKeys.flatMap((text) => text.split(/=(.*)/s, 2));
  return loadRecipe(nameOrPath, overrides, { settings: [...settings, ...pairs], worldSize, onRemarks });
}

/** --set, then --data, as changes of a recipe. */
export async function overridesFrom({
  set,
  data,
}: Pick<RecipeArguments, "set" | "data">): Promise<Override[]> {
  const { parseOverride } = await import("../recipes/overrides.js");
  const overrides: Override[] = set.map(parseOverride);
  if (data !== undefined) overrides.push({ path: ["data", "root"], value: data, text: `--data ${data}` });
  return overrides;
}

function partition<T>(items: readonly T[], is: (item: T) => boolean): [T[], T[]] {
  return [items.filter(is), items.filter((item) => !is(item))];
}

/** The recipe with its data folder's full path, so that the run can be evaluated from anywhere later. */
export function withDataFolder(recipe: ResolvedRecipe): ResolvedRecipe {
  const { root } = recipe.data;
  if (root === null)
    throw new UsageError(`recipe ${recipe.name} names no data folder; give it with --data FOLDER`);
  return fromSamePlace({ ...recipe, data: { ...recipe.data, root: resolve(root) } }, recipe);
}
