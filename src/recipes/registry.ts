import caltech20Ce from "./built-in/caltech20-lt-ce.js";
import caltech20Ncl from "./built-in/caltech20-lt-ncl.js";
import cifar10Ce from "./built-in/cifar10-lt-ce.js";
import cifar10Ncl from "./built-in/cifar10-lt-ncl.js";
import cifar100Ce from "./built-in/cifar100-lt-ce.js";
import cifar100Ncl from "./built-in/cifar100-lt-ncl.js";
import type { RecipeInput } from "./schema.js";

/** The recipes that come with longtail, in the order of the list. */
export const builtInRecipes: readonly RecipeInput[] = [
  cifar100Ncl,
  cifar100Ce,
  cifar10Ncl,
  cifar10Ce,
  caltech20Ncl,
  caltech20Ce,
];

export function findBuiltIn(name: string): RecipeInput | undefined {
  return builtInRecipes.find((recipe) => recipe.name === name);
}
