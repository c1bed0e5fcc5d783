import {
  type Backbone,
  type Expert,
  ExpertEnsemble,
  type StageRange,
  type Trunk,
} from "../../models/ensemble.js";
import { buildBackbone, buildClassifier } from "../../models/registry.js";
import type { Module } from "../../nn/module.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { Rng, withoutDrawing } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";
import type { Method } from "./method.js";

/** The keys of a recipe that an ensemble is built from. */
export type EnsembleRecipe = Pick<
  ResolvedRecipe,
  "backbone" | "classifier" | "dropout" | "freezeBackbone" | "seed"
> &
  Partial<Pick<ResolvedRecipe, "adapter" | "pretrained">> & {
    readonly method: Pick<ResolvedRecipe["method"], "experts" | "sharedStages">;
  };

/**
 * Builds a recipe's experts and joins them with a method's losses. Experts differ only in the random numbers that their
 * weights start from, all of one stream of the recipe's seed.
 */
export function buildEnsemble<T extends Method>(
  recipe: EnsembleRecipe,
  classes: number,
  join: (model: ExpertEnsemble) => T,
): T {
  const { experts, trunk } = buildExperts(recipe, { classes, rng: weightsRng(recipe) });
  return joinedWith(new ExpertEnsemble(experts, { dropout: recipe.dropout, trunk }), join);
}

/** Joins a model with its losses; frees it when they refuse it. */
export function joinedWith<M extends Module, T extends Method>(model: M, join: (model: M) => T): T {
  try {
    return join(model);
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

/** The random numbers that a recipe's weights start from. */
export function weightsRng({ seed }: Pick<ResolvedRecipe, "seed">): Rng {
  return new Rng(seed, streamOf("weights"));
}

/** A backbone, or some of its stages, as a training begins with it: without random weights where others take their place. */
export function startingBackbone(
  { adapter, backbone, pretrained = null }: EnsembleRecipe,
  range: StageRange & { readonly rng: Rng },
): Backbone {
  // Weights from a file replace all but those of adapters, or nothing looks at them (train-on-features.ts).
  using _ = pretrained === null || adapter ? null : withoutDrawing();
  return buildBackbone(backbone, { adapter, ...range });
}

/** The experts, and the stages that they share; null where they share none. The trunk's random numbers come first. */
export function buildExperts(
  recipe: EnsembleRecipe,
  { classes, rng }: { readonly classes: number; readonly rng: Rng },
): { readonly experts: Expert[]; readonly trunk: Trunk | null } {
  const { classifier, freezeBackbone, method } = recipe;
  const { experts: count, sharedStages } = method;
  const trunk = sharedStages === 0 ? null : startingBackbone(recipe, { rng, to: sharedStages });
  if (freezeBackbone) trunk?.freeze();
  const experts = Array.from({ length: count }, () => {
    const backbone = startingBackbone(recipe, { rng, from: sharedStages });
    if (freezeBackbone) backbone.freeze();
    return {
      backbone,
      classifier: buildClassifier(classifier, { inFeatures: backbone.features, classes, rng }),
    };
  });
  return { experts, trunk };
}
