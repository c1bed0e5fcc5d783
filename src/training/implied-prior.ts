import { classShares } from "../data/samplers/class-probabilities.js";
import { portionOf } from "../data/split.js";
import type { LogitTransform } from "../evaluation/meter.js";
import { shiftLogits } from "../evaluation/shift/targets.js";
import { logitPriorTau, type MethodRecipe } from "../methods/index.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";
import type { Trained } from "./trained.js";

/** What is known of the images that a network was trained on. */
export interface TrainedOn {
  /** [C] All training images of each class, those held out as well. */
  readonly counts: readonly number[];
  /** [C] Those really trained on. Null where it is not known: then those that the recipe's selection leaves. */
  readonly trained: readonly number[] | null;
}

/**
 * [C], in proportion: the shares of the classes that a network's raw logits take for granted, which post-hoc logit
 * adjustment takes out again. A loss on the raw logits learns the shares of the images that the training draws; one on
 * logits that are raised by τ times the log of the class counts n learns these shares divided by n^τ, which for τ = 1 are all
 * alike where every image is drawn once. An adjustment of the trained classifiers divides further.
 */
export function impliedPrior(
  recipe: MethodRecipe & Pick<ResolvedRecipe, "adjustment" | "data" | "selection">,
  { counts: all, trained }: TrainedOn,
): number[] {
  const counts = trained ?? all.map((images) => images - heldOutOf(images, recipe.selection));
  const drawn = classShares(recipe.data.sampler, counts);
  if (recipe.adjustment.kind === "learned-scales") return counts.map((count) => (count === 0 ? 0 : 1)); // learned on these shares
  const tau = impliedTau(recipe);
  return tau === 0 ? drawn : drawn.map((share, label) => share / counts[label]! ** tau);
}

/**
 * Post-hoc logit adjustment: makes the logits of a trained network stand for other class shares [C], in proportion.
 *
 * @param what the setting that asks for it, for messages.
 * @throws DataError for a class that was never trained on.
 */
export function priorAdjustment(
  { description }: Pick<Trained, "description">,
  shares: readonly number[],
  what = "prior",
): LogitTransform {
  const { recipe, counts, trained, classes } = description;
  const unknown = counts.indexOf(0);
  if (unknown >= 0)
    throw new DataError(
      `${what}: expected training images of every class, found none of "${classes[unknown]!}": what its logit stands for ` +
        "is not known.",
    );
  return shiftLogits(shares, impliedPrior(recipe, { counts, trained }));
}

/** Power of the class counts by which the loss and the adjustment after it divide the shares. */
function impliedTau(recipe: MethodRecipe & Pick<ResolvedRecipe, "adjustment">): number {
  const { adjustment } = recipe;
  return logitPriorTau(recipe) + (adjustment.kind === "logit-adjustment" ? adjustment.tau : 0);
}

/** How many of a class's images are held out. */
function heldOutOf(images: number, selection: ResolvedRecipe["selection"]): number {
  return selection.kind === "held-out" && images > 0 ? portionOf(images, selection) : 0;
}

/** For people: what `impliedPrior` is. */
export function describeImpliedPrior(
  recipe: MethodRecipe & Pick<ResolvedRecipe, "adjustment" | "data">,
): string {
  const { sampler } = recipe.data;
  const { kind: name } = recipe.method;
  const drawn =
    sampler.kind === "instance"
      ? "the training images' classes"
      : `classes as the ${sampler.kind} sampler draws them`;
  const tau = impliedTau(recipe);
  if (tau === 0) return `${name} logits stand for ${drawn}`;
  if (sampler.kind === "instance" && tau === 1) return `${name} logits stand for classes of equal size`;
  const power = tau === 1 ? "" : ` to the power of ${tau}`;
  return `${name} logits stand for ${drawn}, divided by their numbers of images${power}`;
}
