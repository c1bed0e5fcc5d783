import type { Loader } from "../data/loader/loader.js";
import type { FittedTemperatures } from "../evaluation/analysis/analysis-meter.js";
import { groupOf } from "../data/groups.js";
import { logShift } from "../evaluation/shift/targets.js";
import { fitTemperature, type TemperatureKind } from "../evaluation/temperature/fit.js";
import { KeptLogits } from "../evaluation/temperature/kept-logits.js";
import type { Method } from "../methods/ensemble/method.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { imageCounter, type OnImages, runMeters, type RunMetersOptions } from "./evaluate.js";
import { impliedPrior, type TrainedOn } from "./implied-prior.js";

interface FitTemperaturesOptions extends Pick<RunMetersOptions, "peers" | "settle">, TrainedOn {
  readonly method: Method;
  readonly recipe: ResolvedRecipe;
  /** Images that were not trained on, with the classes' shares of the training images. */
  readonly heldOut: { readonly images: number; readonly loader: Pick<Loader, "epoch" | "ready"> };
  readonly kinds: readonly TemperatureKind[];
  readonly onImages?: OnImages | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fits temperatures to what a method says of held-out images. Their classes are as uneven as the training's, so the
 * logits are moved to the training's shares for it: logits that stand for classes of equal size would otherwise look
 * too unsure of the large ones. Null when the signal ended it early.
 */
export async function fitTemperatures(options: FitTemperaturesOptions): Promise<FittedTemperatures | null> {
  const { recipe, counts, heldOut, kinds } = options;
  const { experts } = recipe.method;
  using kept = new KeptLogits({ images: heldOut.images, experts, classes: counts.length });
  const { loader } = heldOut;
  const counter = imageCounter(heldOut.images, options.onImages);
  if (!(await runMeters({ ...options, loader, meters: [kept, counter] }))) return null;
  const shift = logShift(counts, impliedPrior(recipe, options));
  const groupOfClass = groupOf(counts, recipe.evaluation.groups);
  return {
    images: kept.images,
    temperatures: kinds.map((kind) => fitTemperature(kept, kind, { shift, groupOfClass })),
  };
}
