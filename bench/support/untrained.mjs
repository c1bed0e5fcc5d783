// NCL's network for CIFAR-100-LT as its seed makes it, for a folder of images that are used as they are.
import { openDataset } from "../../dist/data/registry.js";
import { classStatistics } from "../../dist/data/statistics.js";
import { buildMethod } from "../../dist/methods/index.js";
import { loadRecipe } from "../../dist/recipes/load.js";

export async function recipeFor(folder) {
  const recipe = await loadRecipe("cifar100-lt-ncl");
  return { ...recipe, data: { ...recipe.data, root: folder, imbalance: null } };
}

/** What evaluateTrained takes. */
export async function untrained(folder) {
  const recipe = await recipeFor(folder);
  const { classes, counts } = classStatistics(await openDataset(recipe.data, "train"));
  const method = buildMethod(recipe, { classes, counts });
  return { path: folder, description: { recipe, classes, counts }, state: null, method, device: "cpu" };
}
