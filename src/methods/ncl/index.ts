import { buildEnsemble } from "../ensemble/build-ensemble.js";
import { defineMethod, type RecipeWith } from "../ensemble/define-method.js";
import { hardCategoryIssues } from "../ensemble/hard-categories.js";
import { buildContrastiveMethod } from "./contrastive-method.js";
import { NclMethod } from "./method.js";
import { NclSchema } from "./schema.js";
import type { RecipeIssue } from "../../recipes/faults.js";

/** NCL, with or without its contrastive branch: Li et al., CVPR 2022. */
export const ncl = defineMethod({
  kind: "ncl",
  schema: NclSchema,
  terms: {
    crossEntropy: "each expert learns the labels, on all classes",
    hard: "each expert learns the labels among an image's hardest classes",
    distillation: "the experts learn from one another, on all classes (NBOD)",
    hardDistillation: "the experts learn from one another among the hardest classes (NBOD)",
    contrastive: "each expert matches an image's two views among other images (MoCo)",
  },
  mixedTargets: false,
  secondView: ({ method }) => method.contrastive !== null,
  logitPrior: "balanced",
  graphCaptureBlocker: ({ method }) =>
    method.contrastive && "the order in which key encoders see the images, and where the queues are written",
  check: (recipe, classes) => [...hardCategoryIssues(recipe.method, classes), ...contrastiveIssues(recipe)],
  build(recipe, training, peers) {
    const { contrastive } = recipe.method;
    return contrastive === null
      ? buildEnsemble(
          recipe,
          training.classes.length,
          (model) => new NclMethod(model, training, recipe.method),
        )
      : buildContrastiveMethod(recipe, training, { contrastive, ...(peers && { peers }) });
  },
});

type NclRecipe = Pick<RecipeWith<typeof NclSchema>, "data" | "method">;

/** Faults of the contrastive branch: a queue that a batch does not fit in, a second view that nothing looks at. */
export function contrastiveIssues({ method, data }: NclRecipe): RecipeIssue[] {
  const { contrastive, sharedStages } = method;
  const issues: RecipeIssue[] = [];
  if (contrastive === null) return issues;
  if (contrastive.queue < data.batch)
    issues.push({
      key: "method.contrastive.queue",
      expected: `at least ${data.batch}, the images of a batch (data.batch)`,
    });
  if (sharedStages > 0)
    issues.push({
      key: "method.sharedStages",
      expected: "0 with method.contrastive, whose key encoders each follow a whole expert",
    });
  return issues;
}
