import { isObject, type Json, type JsonObject, valueAt } from "../support/json.js";

/** A key of a recipe, dotted, that had another name or other values in an earlier version. */
interface RenamedKey {
  readonly before: string;
  readonly now: string;
  /** New names of values, by their old ones. */
  readonly values?: Readonly<Record<string, string>>;
}

/**
 * Every key and value that was renamed, and nothing else knows of them. Recipes that runs have stored are read with
 * their old names; in a recipe that is written today an old name is an error that says the new one. An old name must
 * never come back with another meaning in the same place.
 */
export const renamedKeys: readonly RenamedKey[] = [
  // Format 2 (checkpoints and recipe.json), until November 2026.
  { before: "reference", now: "citation" },
  { before: "schedule.at", now: "schedule.milestones" },
  { before: "schedule.factor", now: "schedule.gamma" },
  { before: "evaluation.groups", now: "evaluation.groups", values: { reference: "ncl" } },
  { before: "selection.share", now: "selection.fraction" },
  { before: "method.copies", now: "method.augmentations" },
  { before: "method.hard", now: "method.hardCrossEntropy" },
  { before: "method.mask", now: "method.hardCategorySource" },
  { before: "method.nonHard", now: "method.otherLogits" },
  { before: "pretrained.part", now: "pretrained.load" },
];

/** The recipe with today's names; the recipe itself stays as it is. */
export function migrateRecipe(recipe: Json): Json {
  return renamedKeys.reduce(withNewName, recipe);
}

/** A value of a key under its name of today: result.json and events hold some of a recipe's. */
export function migrateValue<T>(key: string, value: T): T {
  const renamed = renamedKeys.find(({ now, values }) => now === key && values !== undefined);
  return newValue(renamed?.values, value);
}

/** The name that a key has today; undefined for keys that never had another. */
export function newNameOf(key: string): string | undefined {
  return renamedKeys.find(({ before, now }) => before === key && before !== now)?.now;
}

/** Whether a key is there under its old name. */
export function isUnderOldName(recipe: Json, key: string): boolean {
  return renamedKeys.some(
    ({ before, now }) => now === key && before !== now && valueAt(recipe, before.split(".")) !== undefined,
  );
}

function withNewName(recipe: Json, { before, now, values }: RenamedKey): Json {
  const found = valueAt(recipe, before.split(".")) as Json | undefined;
  if (found === undefined) return recipe;
  return withKey(withoutKey(recipe, before.split(".")), now.split("."), newValue(values, found));
}

function newValue<T>(values: RenamedKey["values"], value: T): T {
  return typeof value === "string" && values !== undefined && Object.hasOwn(values, value)
    ? (values[value] as T)
    : value;
}

function withoutKey(recipe: Json, [key = "", ...rest]: readonly string[]): Json {
  const { [key]: inner, ...others } = recipe as JsonObject;
  return rest.length === 0 ? others : { ...others, [key]: withoutKey(inner!, rest) };
}

function withKey(recipe: Json | undefined, [key, ...rest]: readonly string[], value: Json): Json {
  if (key === undefined) return value;
  const object = isObject(recipe) ? recipe : {};
  return { ...object, [key]: withKey(object[key], rest, value) };
}
