import type { RecipeInput } from "./schema.js";

/**
 * Types a recipe while it is written; it stays plain data. Defaults are filled in when it is used.
 *
 * @example
 * // my-recipe.ts, for `longtail train my-recipe.ts`
 * export default defineRecipe({
 *   name: "mine",
 *   epochs: 40,
 *   data: { kind: "image-folder", imageSize: 64 },
 *   backbone: "resnet18",
 *   method: { kind: "cross-entropy" },
 *   optimizer: { kind: "sgd", lr: 0.05 },
 *   schedule: { kind: "constant" },
 * });
 */
export function defineRecipe(recipe: RecipeInput): RecipeInput {
  return recipe;
}
