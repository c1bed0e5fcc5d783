import {
  caltech20BalancedSoftmax,
  caltech20BalancedSoftmax3,
  caltech20Pretrained,
  caltech20Ce,
  caltech20Ncl,
} from "./built-in/caltech20.js";
import { ldamRecipes } from "../methods/ldam/recipes.js";
import { cifarRecipes, cifar100Crt, cifar100Pretrained } from "./built-in/cifar.js";
import { liftRecipes } from "./built-in/lift.js";
import { imagenetNcl, imagenetNclX50, inat18Ncl, placesNcl } from "./built-in/large.js";
import { measuredText } from "./measured.js";
import type { RecipeInput } from "./schema.js";

/** The recipes that come with longtail, in the order of the list. */
export const builtInRecipes: readonly RecipeInput[] = [
  caltech20Ncl,
  caltech20BalancedSoftmax3,
  caltech20Pretrained,
  caltech20BalancedSoftmax,
  caltech20Ce,
  ...cifarRecipes,
  cifar100Crt,
  cifar100Pretrained,
  ...ldamRecipes,
  imagenetNcl,
  imagenetNclX50,
  inat18Ncl,
  placesNcl,
  ...liftRecipes,
].map(withMeasurement);

/** The recipe, whose `citation` also says what was measured: see recipes/measured.json. */
function withMeasurement(recipe: RecipeInput): RecipeInput {
  return { ...recipe, citation: `${recipe.citation ?? "none"}; measured: ${measuredText(recipe.name)}` };
}

export function findBuiltIn(name: string): RecipeInput | undefined {
  return builtInRecipes.find((recipe) => recipe.name === name);
}
