/** Faults of a recipe that its schema cannot see: settings that do not go together, or with the data. */
import { UsageError } from "../support/errors.js";
import { valueAt } from "../support/json.js";
import type { Override } from "./overrides.js";
import type { ResolvedRecipe } from "./schema.js";

/** A setting that does not fit. */
export interface RecipeIssue {
  /** Dotted key at fault: "method.hardCategories". */
  readonly key: string;
  readonly expected: string;
  /** What was found, in words; the key's value unless given. */
  readonly found?: string;
  /** What to do, in words. */
  readonly remedy?: string;
}

/** Where a recipe is from: a file or a name, and what was laid over it. */
export interface RecipeOrigin {
  readonly source: string;
  readonly overrides: readonly Override[];
}

const origins = new WeakMap<object, RecipeOrigin>();

/** Remembers where a recipe is from, so that a fault found later can name it. */
export function rememberOrigin(recipe: ResolvedRecipe, { source, overrides }: RecipeOrigin): void {
  origins.set(recipe, { source, overrides });
}

/** Returns a recipe that was made of another one, from the same place as that. */
export function fromSamePlace(recipe: ResolvedRecipe, original: object): ResolvedRecipe {
  const origin = origins.get(original);
  if (origin !== undefined) origins.set(recipe, origin);
  return recipe;
}

/** The override that set a key or one around it, else where the recipe is from. */
export function placeOfKey(path: readonly PropertyKey[], { source, overrides }: RecipeOrigin): string {
  const covers = (override: Override): boolean =>
    override.path.every((key, depth) => depth >= path.length || key === String(path[depth]));
  return overrides.findLast(covers)?.text ?? source;
}

/** Whether --set, or what stands for it, has set a key of a recipe. */
export function isOverridden(recipe: ResolvedRecipe, key: string): boolean {
  const { overrides = [] } = origins.get(recipe) ?? {};
  return overrides.some(({ path }) => path.join(".") === key);
}

/** Throws what is wrong with a recipe, a line for each fault, in the form of the schema's faults. */
export function assertNoIssues(recipe: ResolvedRecipe, issues: readonly RecipeIssue[]): void {
  if (issues.length === 0) return;
  const origin = origins.get(recipe) ?? { source: `recipe ${recipe.name}`, overrides: [] };
  throw new UsageError(
    issues
      .map(({ key, expected, found, remedy }) => {
        const path = key.split(".");
        const finding = found ?? shorten(valueAt(recipe, path));
        const hint = remedy === undefined ? "" : `; ${remedy}`;
        return `${key}: expected ${expected}, found ${finding}${hint} (${placeOfKey(path, origin)})`;
      })
      .join("\n"),
  );
}

/** Faults that a message shows: a file that is no recipe at all has one for each of its keys. */
const MAX_FAULTS = 20;

/** A line for each of the first faults, and how many more there are. */
export function linesOfFaults<T>(faults: readonly T[], describe: (fault: T) => readonly string[]): string {
  const lines = faults.slice(0, MAX_FAULTS).flatMap(describe);
  if (faults.length > MAX_FAULTS) lines.push(`and ${faults.length - MAX_FAULTS} more`);
  return lines.join("\n");
}

/** A value in JSON, for a message. */
export function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
