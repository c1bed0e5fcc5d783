import { classShares } from "../data/samplers/class-probabilities.js";
import { portionOf } from "../data/split.js";
import { logitPriorOf, type MethodRecipe } from "../methods/index.js";
import type { ResolvedRecipe } from "../recipes/schema.js";

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
 * logits that are raised by the log of the class counts n learns these shares divided by n, which are all alike where
 * every image is drawn once.
 */
export function impliedPrior(
  recipe: MethodRecipe & Pick<ResolvedRecipe, "data" | "selection">,
  { counts: all, trained }: TrainedOn,
): number[] {
  const counts = trained ?? all.map((images) => images - heldOutOf(images, recipe.selection));
  const drawn = classShares(recipe.data.sampler, counts);
  return logitPriorOf(recipe) === "sampled" ? drawn : drawn.map((share, label) => share / counts[label]!);
}

/** How many of a class's images are held out. */
function heldOutOf(images: number, selection: ResolvedRecipe["selection"]): number {
  return selection.kind === "held-out" && images > 0 ? portionOf(images, selection) : 0;
}

/** For people: what `impliedPrior` is. */
export function describeImpliedPrior(recipe: MethodRecipe & Pick<ResolvedRecipe, "data">): string {
  const { sampler } = recipe.data;
  const { kind: name } = recipe.method;
  const drawn =
    sampler.kind === "instance"
      ? "the training images' classes"
      : `classes as the ${sampler.kind} sampler draws them`;
  if (logitPriorOf(recipe) === "sampled") return `${name} logits stand for ${drawn}`;
  if (sampler.kind === "instance") return `${name} logits stand for classes of equal size`;
  return `${name} logits stand for ${drawn}, divided by their numbers of images`;
}
