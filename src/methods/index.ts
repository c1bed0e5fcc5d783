/** The methods that come with longtail, and how the rest of longtail asks for one by its recipe. */
import type { RecipeIssue } from "../recipes/faults.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { TrainingError } from "../support/errors.js";
import { countStages } from "../models/registry.js";
import { balancedSoftmax } from "./balanced-softmax/index.js";
import { crossEntropy } from "./cross-entropy/index.js";
import { type BuildRecipe, methodDefinition } from "./ensemble/define-method.js";
import type { BatchPeers, Method, TrainingClasses } from "./ensemble/method.js";
import { distill } from "./distill/index.js";
import { ldam } from "./ldam/index.js";
import { nclPlusPlus } from "./ncl-plus-plus/index.js";
import { ncl } from "./ncl/index.js";

export { fileOfMethod } from "./schemas.js";

/** Methods that come with longtail. Each has its schema in schemas.ts as well. */
export const builtInMethods = [crossEntropy, balancedSoftmax, ncl, nclPlusPlus, ldam, distill] as const;

/** The keys of a recipe that a method is built from. */
export type MethodRecipe = Omit<BuildRecipe, "method"> & Pick<ResolvedRecipe, "method">;

/**
 * The method that a recipe names, with a new model whose weights the recipe's seed determines.
 * @throws DataError that names a class without training images.
 */
export function buildMethod(recipe: MethodRecipe, training: TrainingClasses, peers?: BatchPeers): Method {
  return methodDefinition(recipe.method.kind).build(recipe, training, peers);
}

/** Settings of a recipe that its method cannot work with. `classes`: their number, null while nobody knows it. */
export function methodIssues(recipe: ResolvedRecipe, classes: number | null): readonly RecipeIssue[] {
  const { kind, sharedStages } = recipe.method;
  const definition = methodDefinition(kind);
  const { mixedTargets, secondView = false } = definition;
  const { mix } = recipe.data;
  const issues: RecipeIssue[] = [];
  if (mix !== null && !mixedTargets)
    issues.push({
      key: "data.mix",
      expected: `null with method.kind ${kind}, which needs one target an image`,
      found: mix.kind,
    });
  const takesSecond = typeof secondView === "function" ? secondView(recipe) : secondView;
  if (recipe.data.secondView !== null && !takesSecond)
    issues.push({
      key: "data.secondView",
      expected:
        "null with a method that takes no second view (of longtail's, ncl with method.contrastive does)",
      found: "transforms",
    });
  const stages = countStages(recipe.backbone);
  if (sharedStages >= stages)
    issues.push({
      key: "method.sharedStages",
      expected: `fewer than the ${stages} stages of ${recipe.backbone}`,
    });
  return [...issues, ...(definition.check?.(recipe, classes) ?? [])];
}

/** Power of the class counts that the shares of the images drawn are divided by, for what raw logits stand for. */
export function logitPriorTau(recipe: MethodRecipe): number {
  const { logitPrior } = methodDefinition(recipe.method.kind);
  const prior = typeof logitPrior === "function" ? logitPrior(recipe) : logitPrior;
  return typeof prior === "object" ? prior.tau : prior === "balanced" ? 1 : 0;
}

/** Why no CUDA graph can record a step of a recipe's method; null where one can. */
export function graphCaptureBlockerOf(recipe: MethodRecipe): string | null {
  const { graphCaptureBlocker = null } = methodDefinition(recipe.method.kind);
  return typeof graphCaptureBlocker === "function" ? graphCaptureBlocker(recipe) : graphCaptureBlocker;
}

/** The trained run that a recipe's method learns from; null for one that learns from the labels alone. */
export function teacherOf(recipe: MethodRecipe): string | null {
  return methodDefinition(recipe.method.kind).teacher?.(recipe) ?? null;
}

/** Names and meanings of the terms of a recipe's loss. */
export function termsOf({
  method: { kind },
}: Pick<ResolvedRecipe, "method">): Readonly<Record<string, string>> {
  return methodDefinition(kind).terms;
}

/** Rounding of a loss's terms that float32 adds up. */
const ROUNDING = 1e-3;

/**
 * Checks what a step reports against its method's definition.
 * @throws TrainingError for a term that the definition does not name, or terms that do not add up to the loss.
 */
export function assertTerms(
  recipe: Pick<ResolvedRecipe, "method">,
  { loss, terms }: { readonly loss: number; readonly terms: Readonly<Record<string, number>> },
): void {
  const { kind } = recipe.method;
  const known = termsOf(recipe);
  const unknown = Object.keys(terms).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined)
    throw new TrainingError(
      `method ${kind}: expected terms of the loss that its definition names (${Object.keys(known).join(", ")}), found ${unknown}`,
    );
  const sum = Object.values(terms).reduce((total, term) => total + term, 0);
  if (Math.abs(sum - loss) <= ROUNDING * Math.max(1, Math.abs(loss))) return;
  const found = Object.entries(terms).map(([name, value]) => `${name} ${value}`);
  throw new TrainingError(
    `method ${kind}: expected terms that add up to the loss, ${loss}, found ${sum} (${found.join(", ")})`,
  );
}
