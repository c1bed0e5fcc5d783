import { buildEnsemble } from "../ensemble/build-ensemble.js";
import { defineMethod } from "../ensemble/define-method.js";
import { hardCategoryIssues } from "../ensemble/hard-categories.js";
import { NclPlusPlusMethod } from "./method.js";
import { NclPlusPlusSchema } from "./schema.js";

/** NCL++: Tan et al., arXiv 2306.16709. */
export const nclPlusPlus = defineMethod({
  kind: "ncl-plus-plus",
  schema: NclPlusPlusSchema,
  terms: {
    crossEntropy: "each expert learns the labels, on all classes",
    hard: "each expert learns the labels among an image's hardest classes",
    intra: "each expert predicts the same for all augmentations of an image",
    inter: "the experts learn from one another, image by image",
  },
  mixedTargets: false,
  logitPrior: "balanced",
  check: ({ method }, classes) => hardCategoryIssues(method, classes),
  build: (recipe, training) =>
    buildEnsemble(
      recipe,
      training.classes.length,
      (model) => new NclPlusPlusMethod(model, training, recipe.method),
    ),
});
