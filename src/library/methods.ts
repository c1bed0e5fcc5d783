/**
 * What a method of one's own is made of, beside `defineMethod`: `import { … } from "longtail/methods"`. The guide is
 * docs/extending.md, an example examples/own-method/recipe.ts.
 *
 * @module longtail/methods
 */
export { z } from "zod";
export { buildEnsemble } from "../methods/ensemble/build-ensemble.js";
export {
  balancedLogits,
  crossEntropy,
  overTargets,
  stackLogits,
  type Targets,
} from "../methods/ensemble/cross-entropy.js";
export { defineMethod, type MethodDefinition } from "../methods/ensemble/define-method.js";
export { BalancedMethod, ExpertsMethod } from "../methods/ensemble/experts-method.js";
export type { Method, StepContext, StepResult, TrainingClasses } from "../methods/ensemble/method.js";
export { ensembleKeys } from "../methods/ensemble/schema.js";
export type { Ensemble } from "../models/ensemble.js";
export type { Tensor } from "../torch/tensor.js";
