import { isDeepStrictEqual } from "node:util";
import type { Start } from "../../../dataset-tools/advice/advise.js";
import type { Json } from "../../../support/json.js";
import { parseOverride } from "../../../recipes/overrides.js";
import { findBuiltIn } from "../../../recipes/registry.js";
import { resolveRecipe } from "../../../recipes/resolve.js";
import type { ResolvedRecipe } from "../../../recipes/schema.js";
import type { ChosenData } from "../data-arguments.js";
import { shellQuoted } from "../../../support/text.js";

/** The command that begins a training as the advice says; what the recipe has already is not repeated. */
export function startCommand({ recipe, advice }: Start, { data }: ChosenData): string {
  const base = findBuiltIn(recipe) as unknown as Json;
  const resolve = (set: readonly string[]): ResolvedRecipe =>
    resolveRecipe(base, `recipe ${recipe}`, set.map(parseOverride));
  const changes = [...dataKeys(resolve([]), data), ...advice.flatMap(({ set }) => set)];
  const set = changes.reduce<string[]>((kept, change) => {
    const more = [...kept, change];
    return isDeepStrictEqual(resolve(more), resolve(kept)) ? kept : more;
  }, []);
  const words = ["longtail", "train", recipe, "--data", data.root, ...set.flatMap((one) => ["--set", one])];
  return words.map(shellQuoted).join(" ");
}

const KEYS = [
  "kind",
  "trainFile",
  "testFile",
  "classNames",
  "columns",
  "imbalance",
  "imbalanceSeed",
] as const;

/** What makes a recipe's data this data. */
function dataKeys({ data: base }: ResolvedRecipe, data: ResolvedRecipe["data"]): string[] {
  return KEYS.filter((key) => !isDeepStrictEqual(data[key], base[key])).map((key) => {
    const value = data[key];
    return `data.${key}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
}
