import type { Module } from "../nn/module.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { TrainingClasses } from "./ensemble/experts-method.js";
import { BalancedSoftmaxMethod } from "./balanced-softmax/method.js";
import { CrossEntropyMethod } from "./cross-entropy/method.js";
import { buildContrastiveEnsemble, buildEnsemble } from "./ensemble/build-ensemble.js";
import type { BatchPeers, Method } from "./ensemble/method.js";
import { NclContrastiveMethod, seededShuffle } from "./ncl/contrastive-method.js";
import { NclPlusPlusMethod } from "./ncl-plus-plus/method.js";
import { NclMethod } from "./ncl/method.js";

export type MethodRecipe = Pick<
  ResolvedRecipe,
  "backbone" | "classifier" | "dropout" | "freezeBackbone" | "method" | "seed"
>;

/**
 * The method that a recipe names, with a new model whose weights the recipe's seed determines.
 * @throws UsageError when the options do not fit the classes; DataError that names a class without training images.
 */
export function buildMethod(recipe: MethodRecipe, training: TrainingClasses, peers?: BatchPeers): Method {
  const { method, seed } = recipe;
  const networks = { ...recipe, experts: method.experts };
  const classes = training.classes.length;
  const plain = (): ReturnType<typeof buildEnsemble> => buildEnsemble(networks, classes);
  switch (method.kind) {
    case "cross-entropy":
      return joining(plain(), (model) => new CrossEntropyMethod(model, method));
    case "balanced-softmax":
      return joining(plain(), (model) => new BalancedSoftmaxMethod(model, training));
    case "ncl": {
      const { contrastive } = method;
      if (contrastive === null) return joining(plain(), (model) => new NclMethod(model, training, method));
      const options = { ...method, contrastive, shuffle: seededShuffle(seed), ...(peers && { peers }) };
      return joining(
        buildContrastiveEnsemble(networks, classes, contrastive),
        (model) => new NclContrastiveMethod(model, training, options),
      );
    }
    case "ncl-plus-plus":
      return joining(plain(), (model) => new NclPlusPlusMethod(model, training, method));
    default:
      return method satisfies never;
  }
}

/** Joins a model with its losses; frees it when they refuse it. */
function joining<M extends Module>(model: M, join: (model: M) => Method): Method {
  try {
    return join(model);
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}
