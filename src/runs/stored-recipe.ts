import { migrateRecipe } from "../recipes/renamed-keys.js";
import { resolveRecipe } from "../recipes/resolve.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { type Json, isObject } from "../support/json.js";

/** What can be changed in a run that goes on without a change in what is learned: keys, and all keys within them. */
export const MAY_DIFFER = ["data.root", "data.workers", "checkpoints", "logs", "description", "citation"];

/** The keys, dotted, at which two recipes differ in what is learned. */
export function differences(a: ResolvedRecipe, b: ResolvedRecipe): string[] {
  return differing(a, b).filter((key) => !MAY_DIFFER.some((one) => within(key, one)));
}

function differing(a: unknown, b: unknown, path = ""): string[] {
  if (!isObject(a) || !isObject(b)) return JSON.stringify(a) === JSON.stringify(b) ? [] : [path];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differing(a[key], b[key], path === "" ? key : `${path}.${key}`));
}

function within(key: string, group: string): boolean {
  return key === group || key.startsWith(`${group}.`);
}

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
