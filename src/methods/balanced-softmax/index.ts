import { buildEnsemble } from "../ensemble/build-ensemble.js";
import { defineMethod } from "../ensemble/define-method.js";
import { BalancedSoftmaxMethod } from "./method.js";
import { BalancedSoftmaxSchema } from "./schema.js";

/** Balanced softmax: Ren et al., NeurIPS 2020. */
export const balancedSoftmax = defineMethod({
  kind: "balanced-softmax",
  schema: BalancedSoftmaxSchema,
  terms: { crossEntropy: "each expert learns the labels, on all classes" },
  mixedTargets: true,
  logitPrior: "balanced",
  build: (recipe, training) =>
    buildEnsemble(recipe, training.classes.length, (model) => new BalancedSoftmaxMethod(model, training)),
});
