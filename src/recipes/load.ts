import { existsSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { LIMITS, shownValue } from "../support/budget.js";
import { UsageError } from "../support/errors.js";
import { nearest } from "../support/text.js";
import { readRecipeFile, recipeExtensions } from "./file.js";
import { isObject, type Json, type JsonObject } from "../support/json.js";
import { merge, type Override } from "./overrides.js";
import { defineMethodOf } from "./method-file.js";
import { migrateRecipe } from "./renamed-keys.js";
import { builtInRecipes, findBuiltIn } from "./registry.js";
import { resolveRecipe } from "./resolve.js";
import type { ResolvedRecipe } from "./schema.js";

export interface LoadOptions {
  /** KEY, VALUE, … for a YAML file of NCL's code. */
  readonly settings?: readonly string[];
  /** Processes that will train: with TRAIN.DISTRIBUTED the reference has a batch of TRAIN.BATCH_SIZE in each. */
  readonly worldSize?: number;
  /** Called with what differs from NCL's code and what has no effect in such a file, a line each. */
  readonly onRemarks?: (remarks: readonly string[]) => void;
}

/**
 * A recipe by a built-in's name, a file's path or a run's folder, changed by the overrides, checked and with every default.
 * A file may build on a built-in: `extends: cifar100-lt-ncl`; its name is the file's unless it says one. It may also
 * be a YAML file of the reference code, known by its keys in capitals.
 *
 * @throws UsageError for an unknown name, an unreadable file and every fault of the recipe.
 */
export async function loadRecipe(
  nameOrPath: string,
  overrides: readonly Override[] = [],
  { settings = [], worldSize = 1, onRemarks }: LoadOptions = {},
): Promise<ResolvedRecipe> {
  const builtIn = findBuiltIn(nameOrPath);
  if (!builtIn && isFolder(nameOrPath) && !isRunFolder(nameOrPath))
    throw new UsageError(
      `${nameOrPath} is a folder and no run: expected a recipe, with the data's folder as --data ${nameOrPath}; ` +
        "`longtail data info` proposes one for a folder",
    );
  if (!builtIn && !isPath(nameOrPath))
    throw new UsageError(
      `unknown recipe ${JSON.stringify(nameOrPath)};${meantBuiltIn(nameOrPath)}; a file ends in ${recipeExtensions.join(", ")}`,
    );
  const recipe = builtIn ? (builtIn as unknown as Json) : await readRecipe(nameOrPath);
  if (!builtIn && isRunFolder(nameOrPath)) await defineMethodOf(nameOrPath);
  if (!builtIn && isReferenceFile(recipe)) {
    const { importReference } = await import("./ncl-yaml/import.js");
    const imported = importReference(recipe, nameOrPath, settings, worldSize);
    onRemarks?.(imported.remarks);
    return resolveRecipe(imported.recipe, nameOrPath, [...imported.overrides, ...overrides]);
  }
  const [folder = ""] = settings;
  if (settings.length === 1 && isFolder(folder))
    throw new UsageError(`${folder} is a folder: give the data with --data ${folder}`);
  if (settings.length > 0)
    throw new UsageError(
      `KEY VALUE pairs (${settings.join(" ")}) are for YAML files of the reference code; use --set key=value`,
    );
  if (builtIn) return resolveRecipe(recipe, `recipe ${builtIn.name}`, overrides);
  if (isRunFolder(nameOrPath)) return resolveRecipe(ofRun(recipe), `${nameOrPath}/recipe.json`, overrides);
  return resolveRecipe(extended(recipe, nameOrPath), nameOrPath, overrides);
}

/** Files of the reference code write their keys in capitals, ours do not. */
function isReferenceFile(recipe: Json): recipe is JsonObject {
  return isObject(recipe) && Object.keys(recipe).some((key) => /^[A-Z]/.test(key));
}

function isPath(text: string): boolean {
  return (
    recipeExtensions.includes(extname(text)) || isRunFolder(text) || (text.includes("/") && existsSync(text))
  );
}

/** Whether a folder holds a run, and so the recipe that it was trained by. */
export function isRunFolder(path: string): boolean {
  return existsSync(join(path, "recipe.json"));
}

function readRecipe(path: string): Promise<Json> {
  return isRunFolder(path)
    ? readRecipeFile(join(path, "recipe.json"), LIMITS.storedRecipeText)
    : readRecipeFile(path);
}

/** The recipe in a run's recipe.json, which says more than that; one that an earlier version stored has today's keys. */
function ofRun(description: Json): Json {
  return migrateRecipe(isObject(description) ? (description["recipe"] ?? null) : null);
}

function extended(recipe: Json, path: string): Json {
  if (!isObject(recipe)) throw new UsageError(`${path}: expected a recipe, found ${shownValue(recipe)}`);
  const { extends: base, ...own } = recipe;
  const change = { name: basename(path, extname(path)), ...own };
  if (base === undefined) return change;
  const builtIn = typeof base === "string" ? findBuiltIn(base) : undefined;
  if (!builtIn)
    throw new UsageError(
      `extends: expected the name of a built-in recipe, found ${shownValue(base)} (${path});${meantBuiltIn(base)}`,
    );
  return merge(builtIn as unknown as Json, change);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The built-in recipe whose name is most like what was found, and where all of them are listed. */
function meantBuiltIn(found: Json): string {
  const names = builtInRecipes.map(({ name }) => name);
  const meant = typeof found === "string" ? nearest(found, names) : undefined;
  const hint = meant === undefined ? "" : ` did you mean ${meant}?`;
  return `${hint} \`longtail recipes\` lists the built-in ones`;
}
