import type { z } from "zod";
import { UsageError } from "../support/errors.js";
import { nearest } from "../support/text.js";
import { type Json, type JsonObject, valueAt, isObject } from "../support/json.js";
import { linesOfFaults, placeOfKey, rememberOrigin, shorten } from "./faults.js";
import { type RecipeKey, recipeKeys } from "./keys.js";
import { applyOverrides, type Override } from "./overrides.js";
import { isUnderOldName, migrateValue, newNameOf } from "./renamed-keys.js";
import { phaseInput, type ResolvedPhase, withEpochsOfPhases, withoutStaleEpochs } from "./phases.js";
import { keyUnderUsualName } from "./usual-names.js";
import { recipeSchema, type ResolvedRecipe } from "./schema.js";
import { autoWeights, WEIGHTS, type WeightsName } from "../weights/registry.js";

type Issue = z.core.$ZodIssue;

/** What was checked, for messages. */
interface Checked {
  readonly input: Json;
  readonly source: string;
  readonly overrides: readonly Override[];
}

/**
 * Lays the overrides over a recipe, checks it and fills in every default.
 *
 * @param source where the recipe is from: "recipe cifar100-lt-ncl", or a file's path.
 * @throws UsageError with a line per fault: the key, what was expected, what was found and where.
 */
export function resolveRecipe(
  recipe: Json,
  source: string,
  overrides: readonly Override[] = [],
): ResolvedRecipe {
  const changed = applyOverrides(withoutStaleEpochs(recipe, overrides), overrides);
  const input = withPreprocessing(withChosenWeights(withEpochsOfPhases(changed, source), source));
  const checked = { input, source, overrides };
  const { success, data, error } = recipeSchema().safeParse(input);
  if (success) {
    const resolved = data.phases === undefined ? data : withPhases(data, checked);
    rememberOrigin(resolved, checked);
    return resolved;
  }
  const keys = recipeKeys();
  throw new UsageError(
    linesOfFaults(error.issues.flatMap(separate), (issue) => describe(issue, checked, keys)),
  );
}

function separate(issue: Issue): Issue[] {
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];
}

/** Checks each phase as the recipe that it makes, and fills in the defaults of what it overrides. */
function withPhases(recipe: ResolvedRecipe, { input, source, overrides }: Checked): ResolvedRecipe {
  const phases = recipe.phases!.map(({ name, epochs, resetClassifier }, index): ResolvedPhase => {
    const at = `phases.${index}`;
    const { recipe: own, keys, dataKeys } = phaseInput(input as JsonObject, index, source);
    const texts = overrides.filter(({ path }) => path[0] === "phases" && path[1] === String(index));
    const inPhase = texts.map((override) => ({ ...override, path: override.path.slice(2) }));
    const ofRecipe = inPhase.filter(({ path: [key = ""] }) => key === "data" || keys.includes(key));
    const resolved = resolveRecipe(own, `${at} "${name}" of ${source}`, ofRecipe);
    if (resolved.method.experts !== recipe.method.experts)
      throw new UsageError(
        `${at}.method.experts: expected ${recipe.method.experts}, as many as the recipe has, found ${resolved.method.experts} (${source})`,
      );
    if (index > 0 && !resetClassifier && keys.includes("classifier"))
      throw new UsageError(
        `${at}.classifier: expected resetClassifier: true beside another classifier, whose weights start anew (${source})`,
      );
    const data = pick(resolved.data, dataKeys);
    return { name, epochs, resetClassifier, ...pick(resolved, keys), ...(dataKeys.length > 0 && { data }) };
  });
  return { ...recipe, phases };
}

function pick(from: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

function describe(issue: Issue, checked: Checked, keys: readonly RecipeKey[]): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...issue.path, key], checked, keys));
  }
  const { path, expected } = expectation(issue, keys);
  const found = valueAt(checked.input, path);
  const finding = found === undefined ? "but it is missing" : `found ${shorten(found)}`;
  const name = dotted(path) || "recipe";
  if (found === undefined && isUnderOldName(checked.input, name)) return []; // the issue of the old name says it
  const renamed = migrateValue(name, found);
  if (renamed !== found)
    return [`${name}: ${shorten(found)} is now ${shorten(renamed)} (${placeOfKey(path, checked)})`];
  return [
    `${name}: expected ${expected}, ${finding}${suggestion(found, issue)} (${placeOfKey(path, checked)})`,
  ];
}

/** What the key at fault takes; for an item of a plain list, the list is the key. */
function expectation(issue: Issue, keys: readonly RecipeKey[]): { path: PropertyKey[]; expected: string } {
  const find = (path: readonly PropertyKey[], tail = ""): string | undefined =>
    keys.find((key) => key.path === generic(dotted(path) + tail))?.type;
  const { path } = issue;
  if (issue.code === "custom") return { path, expected: issue.message };
  const list = path.slice(0, -1);
  const kinds = find(path, ".kind");
  if (kinds !== undefined) return { path, expected: `an object whose kind is ${kinds}` };
  const listType = typeof path.at(-1) === "number" ? find(list) : undefined;
  if (listType !== undefined) return { path: list, expected: listType };
  return {
    path,
    expected: find(path) ?? (issue.code === "invalid_type" ? `an ${issue.expected}` : issue.message),
  };
}

function unknownKey(path: readonly PropertyKey[], checked: Checked, keys: readonly RecipeKey[]): string {
  const override = checked.overrides.findLast((one) =>
    path.every((key, depth) => one.path[depth] === String(key)),
  );
  const name = dotted(override?.path ?? path);
  const place = placeOfKey(path, checked);
  const renamed = newNameOf(dotted(path));
  if (renamed !== undefined) return `${dotted(path)} is now ${renamed} (${place})`;
  const owners = keys.filter((key) => key.path === generic(name)).map((key) => key.when?.kind);
  if (owners.length > 0) {
    const kind = [...path.slice(0, -1), "kind"];
    const found = shorten(valueAt(checked.input, kind));
    return `${name}: not a key of ${dotted(kind)} ${found}, only of ${owners.join(", ")} (${place})`;
  }
  const known = [...new Set(keys.flatMap((key) => [key.path, parent(key.path)]))];
  const meant = keyUnderUsualName(name) ?? nearest(generic(name), known);
  const hint = meant === undefined ? "`longtail recipes --keys` lists all of them" : `did you mean ${meant}?`;
  return `unknown key ${name}; ${hint} (${place})`;
}

function suggestion(found: unknown, issue: Issue): string {
  const choices = "values" in issue ? issue.values : "options" in issue ? (issue.options as unknown[]) : [];
  if (typeof found !== "string") return "";
  const meant = nearest(found, choices.map(String));
  return meant === undefined ? "" : `, did you mean ${meant}?`;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

/** Places in lists as the table of keys writes them. */
function generic(name: string): string {
  return name.replaceAll(/\.\d+(?=\.|$)/g, ".N");
}

/** The recipe with the weights that `pretrained.weights: "auto"` stands for, and why they were chosen. */
function withChosenWeights(recipe: Json, source: string): Json {
  const pretrained = isObject(recipe) ? recipe["pretrained"] : undefined;
  if (!isObject(recipe) || !isObject(pretrained) || pretrained["weights"] !== "auto") return recipe;
  const { backbone } = recipe;
  const chosen = autoWeights(typeof backbone === "string" ? backbone : undefined);
  if (chosen === undefined)
    throw new UsageError(
      `pretrained.weights: auto knows no published weights for backbone ${shorten(backbone)}; \`longtail weights list\` shows for which ` +
        `there are some, pretrained.file takes a file of your own (${source})`,
    );
  return { ...recipe, pretrained: { reason: chosen.reason, ...pretrained, weights: chosen.name } };
}

/**
 * The recipe with what its published weights decide and it does not say itself: the backbone, and how images are prepared
 * (data.imageSize, mean, std, train, test). Training images are prepared like test images then, the same every time.
 */
function withPreprocessing(recipe: Json): Json {
  const pretrained = isObject(recipe) ? recipe["pretrained"] : undefined;
  const name = isObject(pretrained) ? pretrained["weights"] : undefined;
  if (!isObject(recipe) || typeof name !== "string" || !Object.hasOwn(WEIGHTS, name)) return recipe;
  const { backbone, preprocessing } = WEIGHTS[name as WeightsName];
  const { resize: size, interpolation, crop, fit, mean, std } = preprocessing;
  const transforms: Json =
    fit === "squash"
      ? [{ kind: "resize-exact", height: crop, width: crop, interpolation }]
      : [
          { kind: "resize", size, interpolation },
          { kind: "center-crop", size: crop },
        ];
  const prepared: JsonObject = { imageSize: crop, train: transforms, test: transforms, mean, std };
  const { data } = recipe;
  return { backbone, ...recipe, ...(isObject(data) && { data: { ...prepared, ...data } }) };
}
