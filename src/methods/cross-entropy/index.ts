import { buildEnsemble } from "../ensemble/build-ensemble.js";
import { defineMethod } from "../ensemble/define-method.js";
import { CrossEntropyMethod } from "./method.js";
import { CrossEntropySchema } from "./schema.js";

/** Plain cross-entropy: what every other method is compared with. */
export const crossEntropy = defineMethod({
  kind: "cross-entropy",
  schema: CrossEntropySchema,
  terms: { crossEntropy: "each expert learns the labels, on all classes" },
  mixedTargets: true,
  logitPrior: "sampled",
  build: (recipe, { classes }) =>
    buildEnsemble(recipe, classes.length, (model) => new CrossEntropyMethod(model, recipe.method)),
});
