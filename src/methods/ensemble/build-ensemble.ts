import { ContrastiveEnsemble, KeyQueue, Projection } from "../../models/moco.js";
import { type Expert, ExpertEnsemble } from "../../models/ensemble.js";
import { buildBackbone, buildClassifier } from "../../models/registry.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { Rng } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";

export type EnsembleRecipe = Pick<
  ResolvedRecipe,
  "backbone" | "classifier" | "dropout" | "freezeBackbone" | "seed"
> & { experts: number };

/** Experts differ only in the random numbers that their weights start from, all of one stream. */
export function buildEnsemble(recipe: EnsembleRecipe, classes: number): ExpertEnsemble {
  const rng = new Rng(recipe.seed, streamOf("weights"));
  return new ExpertEnsemble(buildExperts(recipe, { classes, rng }), recipe);
}

export type ContrastiveParts = Pick<
  NonNullable<Extract<ResolvedRecipe["method"], { kind: "ncl" }>["contrastive"]>,
  "queue" | "dimension" | "momentum" | "keyProjection"
>;

/** The same experts, and what each needs for contrastive learning, whose random numbers come after theirs. */
export function buildContrastiveEnsemble(
  recipe: EnsembleRecipe,
  classes: number,
  { queue: size, dimension, momentum, keyProjection }: ContrastiveParts,
): ContrastiveEnsemble {
  const rng = new Rng(recipe.seed, streamOf("weights"));
  const experts = buildExperts(recipe, { classes, rng }).map((expert) => {
    const { features } = expert.backbone;
    return {
      ...expert,
      projection: new Projection({ features, dimension, rng }),
      keyBackbone: buildBackbone(recipe.backbone, { rng }),
      keyProjection: new Projection({ features, dimension, rng }),
      queue: new KeyQueue({ dimension, size, rng }),
    };
  });
  return new ContrastiveEnsemble(experts, { dropout: recipe.dropout, momentum, keyProjection });
}

function buildExperts(
  { backbone: name, classifier, freezeBackbone, experts }: EnsembleRecipe,
  { classes, rng }: { classes: number; rng: Rng },
): Expert[] {
  return Array.from({ length: experts }, () => {
    const backbone = buildBackbone(name, { rng });
    if (freezeBackbone) backbone.freeze();
    return {
      backbone,
      classifier: buildClassifier(classifier, { inFeatures: backbone.features, classes, rng }),
    };
  });
}
