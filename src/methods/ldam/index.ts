import type { RecipeIssue } from "../../recipes/faults.js";
import { buildEnsemble } from "../ensemble/build-ensemble.js";
import { defineMethod, type RecipeWith } from "../ensemble/define-method.js";
import { LdamMethod } from "./method.js";
import { LdamSchema } from "./schema.js";

/** LDAM, with deferred re-weighting (LDAM-DRW): Cao et al., NeurIPS 2019. */
export const ldam = defineMethod({
  kind: "ldam",
  schema: LdamSchema,
  terms: { margin: "each expert learns the labels, with larger margins for smaller classes" },
  mixedTargets: true,
  logitPrior: ({ method }) => (method.weighting === "deferred" ? "balanced" : "sampled"),
  check: issues,
  build: (recipe, training) =>
    buildEnsemble(recipe, training.classes.length, (model) => {
      const weightedFrom = weightedFromEpoch(recipe);
      return new LdamMethod(model, training, { ...recipe.method, weightedFrom });
    }),
});

type LdamRecipe = RecipeWith<typeof LdamSchema>;

/** The epoch, from 0, from which class-balanced weights apply; null: none. */
export function weightedFromEpoch({ method, epochs }: Pick<LdamRecipe, "method" | "epochs">): number | null {
  if (method.weighting === "none") return null;
  return method.deferUntilEpoch ?? Math.floor(method.deferUntil * epochs + 1e-9);
}

function issues({ classifier, method, epochs }: LdamRecipe): RecipeIssue[] {
  const found: RecipeIssue[] = [];
  if (classifier.kind !== "fc-norm")
    found.push({
      key: "classifier.kind",
      expected: "fc-norm with method.kind ldam, whose margins are of cosines",
    });
  if (method.deferUntilEpoch !== null && method.deferUntilEpoch >= epochs)
    found.push({
      key: "method.deferUntilEpoch",
      expected: `fewer than the ${epochs} epochs of the recipe, or null`,
      remedy: "method.weighting=none leaves the weights out",
    });
  return found;
}
