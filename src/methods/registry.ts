import { ExpertEnsemble } from "../models/ensemble.js";
import { buildBackbone, buildClassifier } from "../models/registry.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { Rng } from "../torch/random.js";
import type { TrainingClasses } from "./balanced-method.js";
import { BalancedSoftmaxMethod } from "./balanced-softmax.js";
import { CrossEntropyMethod } from "./cross-entropy.js";
import type { Method } from "./method.js";
import { NclMethod } from "./ncl.js";

const WEIGHTS_STREAM = 0; // the loader's streams of the same seed have other numbers

export type MethodRecipe = Pick<
  ResolvedRecipe,
  "backbone" | "classifier" | "dropout" | "freezeBackbone" | "method" | "seed"
>;

/**
 * The method that a recipe names, with a new model whose weights the recipe's seed determines.
 * @throws UsageError when the options do not fit the classes; DataError that names a class without training images.
 */
export function buildMethod(recipe: MethodRecipe, training: TrainingClasses): Method {
  const model = buildEnsemble(recipe, training.classes.length);
  try {
    return joinMethod(recipe.method, model, training);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function joinMethod(
  method: ResolvedRecipe["method"],
  model: ExpertEnsemble,
  training: TrainingClasses,
): Method {
  switch (method.kind) {
    case "cross-entropy":
      return new CrossEntropyMethod(model, method);
    case "balanced-softmax":
      return new BalancedSoftmaxMethod(model, training);
    case "ncl":
      return new NclMethod(model, training, method);
    default:
      return method satisfies never;
  }
}

/** Experts differ only in the random numbers that their weights start from, all of one stream. */
function buildEnsemble(
  { backbone, classifier, dropout, freezeBackbone, method, seed }: MethodRecipe,
  classes: number,
): ExpertEnsemble {
  const rng = new Rng(seed, WEIGHTS_STREAM);
  const experts = Array.from({ length: method.experts }, () => {
    const features = buildBackbone(backbone, { rng });
    if (freezeBackbone) features.freeze();
    return {
      backbone: features,
      classifier: buildClassifier(classifier, { inFeatures: features.features, classes, rng }),
    };
  });
  return new ExpertEnsemble(experts, { dropout });
}
