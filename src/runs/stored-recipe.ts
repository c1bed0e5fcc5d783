import { migrateRecipe } from "../recipes/renamed-keys.js";
import { resolveRecipe } from "../recipes/resolve.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Json } from "../support/json.js";

/**
 * A recipe that a run has stored, in recipe.json or a checkpoint, as this version knows it: keys of earlier versions
 * have their names of today, and keys that were added since have their defaults.
 *
 * @param source the file that holds it, for messages.
 * @throws UsageError with a line per fault.
 */
export function storedRecipe(recipe: unknown, source: string): ResolvedRecipe {
  return resolveRecipe(migrateRecipe((recipe ?? null) as Json), source);
}
