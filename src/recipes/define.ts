import type { z } from "zod";
import type { MethodSchema } from "../methods/schemas.js";
import type { RecipeInput } from "./schema.js";

/** A recipe whose method is defined outside longtail, with the keys of its schema. */
type RecipeWithMethod<S extends MethodSchema> = Omit<RecipeInput, "method"> & { readonly method: z.input<S> };

/**
 * Types a recipe while it is written; it stays plain data. Defaults are filled in when it is used. A recipe with a method
 * of its own names the method's schema: `defineRecipe<typeof MySchema>({ … })`.
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
export function defineRecipe<S extends MethodSchema = never>(
  recipe: RecipeInput | RecipeWithMethod<S>,
): RecipeInput {
  return recipe as RecipeInput;
}
