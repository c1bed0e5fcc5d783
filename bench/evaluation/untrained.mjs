// NCL's network for CIFAR-100-LT as its seed makes it, with a folder of images.
import { openDataset } from "../../dist/data/registry.js";
import { classStatistics } from "../../dist/data/statistics.js";
import { buildMethod } from "../../dist/methods/registry.js";
import { loadRecipe } from "../../dist/recipes/load.js";

/** What evaluateTrained takes. The training images lie in the folder as they are. */
export async function untrained(folder) {
  const built = await loadRecipe("cifar100-lt-ncl");
  const recipe = { ...built, data: { ...built.data, root: folder, imbalance: null } };
  const { classes, counts } = classStatistics(await openDataset(recipe.data, "train"));
  const method = buildMethod(recipe, { classes, counts });
  return { path: folder, description: { recipe, classes, counts }, state: null, method, device: "cpu" };
}
