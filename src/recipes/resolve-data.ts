import { isObject, type Json } from "../support/json.js";
import type { Override } from "./overrides.js";
import { resolveRecipe } from "./resolve.js";
import type { ResolvedRecipe } from "./schema.js";

/**
 * A recipe of which only the `data` keys matter, checked and with every default.
 *
 * @param source where the keys are from, for messages.
 * @throws UsageError with a line per fault.
 */
export function dataRecipe(
  data: Json,
  { name, source, overrides = [] }: { name: string; source: string; overrides?: readonly Override[] },
): ResolvedRecipe {
  const recipe = {
    name,
    epochs: 1,
    data: isObject(data) ? { imageSize: 32, ...data } : data,
    backbone: "resnet18",
    method: { kind: "cross-entropy" },
    optimizer: { kind: "sgd", lr: 0.1 },
    schedule: { kind: "constant" },
  };
  return resolveRecipe(recipe, source, overrides);
}
