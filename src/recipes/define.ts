import type { RecipeInput } from "./schema.js";

/** Types a recipe while it is written; it stays plain data. Defaults are filled in when it is used. */
export function defineRecipe(recipe: RecipeInput): RecipeInput {
  return recipe;
}
