import { MAY_DIFFER } from "../../runs/stored-recipe.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { isObject } from "../../support/json.js";

/** Keys that do not decide what is learnt, or that are the seed. */
const IRRELEVANT = [...MAY_DIFFER, "seed", "data.cache", "data.cacheFolder", "evaluation.batch"];

/** What a recipe says that decides its outcome, but for the seed: "optimizer.lr" → "0.1". */
export function outcomeKeys(recipe: ResolvedRecipe): Map<string, string> {
  const keys = new Map<string, string>();
  const collect = (value: unknown, path: string): void => {
    if (IRRELEVANT.includes(path)) return;
    if (isObject(value))
      for (const [key, inner] of Object.entries(value)) collect(inner, path === "" ? key : `${path}.${key}`);
    else keys.set(path, JSON.stringify(value));
  };
  collect(recipe, "");
  return keys;
}

/**
 * Recipe key that is not the same in all groups of a comparison.
 *
 * @example
 * for (const { key, values } of comparison.recipes) console.log(key, values.join(" | "));
 */
export interface DifferingKey {
  readonly key: string;
  /** Its value in each recipe as JSON; null where a recipe has no such key. */
  readonly values: readonly (string | null)[];
}

/** The keys that are not the same in all recipes; their names are not among them. */
export function differingKeys(recipes: readonly ReadonlyMap<string, string>[]): DifferingKey[] {
  const all = [...new Set(recipes.flatMap((recipe) => [...recipe.keys()]))].filter((key) => key !== "name");
  return all
    .map((key) => ({ key, values: recipes.map((recipe) => recipe.get(key) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1);
}
