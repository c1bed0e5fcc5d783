import { z } from "zod";
import { shownValue } from "../support/budget.js";
import { UsageError } from "../support/errors.js";
import { isObject, type Json, type JsonObject } from "../support/json.js";
import { nearest } from "../support/text.js";
import { merge, type Override } from "./overrides.js";

/** The keys of a recipe that a phase may override. */
const OVERRIDES = [
  "classifier",
  "dropout",
  "ema",
  "freezeBackbone",
  "freezeBatchNorm",
  "method",
  "optimizer",
  "precision",
  "schedule",
  "trainable",
] as const;
/** The keys of `data` that it may override. */
const DATA_OVERRIDES = ["batch", "mix", "sampler", "secondView", "train"] as const;
const OWN_KEYS: readonly string[] = ["name", "epochs", "resetClassifier"];

const EPOCHS = "a whole number > 0";

/** A phase: its own keys, and whatever it overrides of the recipe. */
const Phase = z.looseObject({
  name: z.string().min(1),
  epochs: z.int(EPOCHS).min(1, EPOCHS),
  resetClassifier: z.boolean().default(false),
});

export const Phases = z
  .array(Phase)
  .min(1)
  .refine((phases) => new Set(phases.map(({ name }) => name)).size === phases.length, {
    message: "phases with different names",
  })
  .optional()
  .describe(
    "trained one after the other, each on the weights of the one before: { name, epochs, resetClassifier, and the keys " +
      "of the recipe that it overrides }; epochs of the recipe is their sum",
  );

export type ResolvedPhase = z.output<typeof Phase>;

/**
 * The recipe with its `epochs` filled in, the sum of its phases'.
 * @throws UsageError where the recipe says another number.
 */
export function withEpochsOfPhases(recipe: Json, source: string): Json {
  const phases = isObject(recipe) ? recipe["phases"] : undefined;
  if (!isObject(recipe) || !Array.isArray(phases)) return recipe;
  const epochs = (phases as readonly Json[]).reduce<number>((sum, phase) => {
    const own = isObject(phase) ? phase["epochs"] : undefined;
    return sum + (typeof own === "number" ? own : NaN);
  }, 0);
  if (Number.isNaN(epochs) || phases.length === 0) return { ...recipe, epochs: recipe["epochs"] ?? 1 }; // the schema says which phase has none
  const given = recipe["epochs"];
  if (given !== undefined && given !== epochs)
    throw new UsageError(
      `epochs: expected ${epochs}, the sum of the phases' epochs, found ${shownValue(given)} (${source}); ` +
        `leave it out, or change phases.N.epochs${lastPhaseHint(phases, epochs, given)}.`,
    );
  return { ...recipe, epochs };
}

/** How the last phase gets the epochs that are asked for, where it can. */
function lastPhaseHint(phases: readonly Json[], sum: number, asked: Json): string {
  const last = phases.at(-1);
  const own = isObject(last) ? last["epochs"] : undefined;
  if (typeof asked !== "number" || typeof own !== "number" || asked - sum + own < 1) return "";
  return `: --set phases.${phases.length - 1}.epochs=${asked - sum + own} makes ${asked}`;
}

/**
 * Takes the epochs out of a recipe that was stored with its sum, where the overrides change those of a phase and not the sum.
 */
export function withoutStaleEpochs(recipe: Json, overrides: readonly Override[]): Json {
  const changes = (is: (path: readonly string[]) => boolean): boolean =>
    overrides.some(({ path }) => is(path));
  const inPhases = changes(
    ([first, ...rest]) => first === "phases" && (rest.length === 0 || rest.at(-1) === "epochs"),
  );
  if (!isObject(recipe) || !("phases" in recipe) || !inPhases || changes(([first]) => first === "epochs"))
    return recipe;
  const { epochs: _, ...rest } = recipe;
  return rest;
}

/** A phase of a recipe as a recipe of its own, to be checked. */
export interface PhaseInput {
  readonly recipe: Json;
  /** Keys that the phase overrides, and keys of `data`. */
  readonly keys: readonly string[];
  readonly dataKeys: readonly string[];
}

/**
 * Lays a phase's overrides over its recipe.
 * @throws UsageError for a key that no phase may override.
 */
export function phaseInput(recipe: JsonObject, index: number, source: string): PhaseInput {
  const phase = (recipe["phases"] as readonly JsonObject[])[index]!;
  const { phases: _, ...base } = recipe;
  const overrides = Object.entries(phase).filter(([key]) => !OWN_KEYS.includes(key));
  const data = phase["data"] ?? {};
  const at = `phases.${index}`;
  if (!isObject(data))
    throw new UsageError(`${at}.data: expected an object, found ${shownValue(data)} (${source})`);
  for (const [key] of overrides) assertOverride(key, { at, recipe, allowed: ["data", ...OVERRIDES], source });
  for (const key of Object.keys(data))
    assertOverride(`data.${key}`, {
      at,
      recipe,
      allowed: DATA_OVERRIDES.map((one) => `data.${one}`),
      source,
    });
  const changes = Object.fromEntries(overrides);
  return {
    recipe: merge({ ...base, epochs: phase["epochs"]! }, changes),
    keys: overrides.map(([key]) => key).filter((key) => key !== "data"),
    dataKeys: Object.keys(data),
  };
}

function assertOverride(
  key: string,
  {
    at,
    recipe,
    allowed,
    source,
  }: { at: string; recipe: JsonObject; allowed: readonly string[]; source: string },
): void {
  if (allowed.includes(key)) return;
  const all = [...OVERRIDES, ...DATA_OVERRIDES.map((one) => `data.${one}`)];
  const [top = "", inner] = key.split(".");
  const section = inner === undefined ? recipe : recipe[top];
  if (isObject(section) && (inner ?? top) in section)
    throw new UsageError(
      `${at}.${key}: the same in all phases; a phase may override ${all.join(", ")} (${source})`,
    );
  const meant = nearest(key, all);
  throw new UsageError(
    `unknown key ${at}.${key}; ${meant === undefined ? `a phase may override ${all.join(", ")}` : `did you mean ${at}.${meant}?`} (${source})`,
  );
}
