import type { Dataset } from "../data/dataset.js";
import { stratifiedSplit } from "../data/split.js";
import { subset } from "../data/subset.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";

/**
 * What is trained on, and what is held out of it to select an epoch: the same images whenever it is asked.
 * @throws DataError when the share leaves no image to select by.
 */
export function holdOut(
  train: Dataset,
  selection: ResolvedRecipe["selection"],
): { trainData: Dataset; heldOut: Dataset | null } {
  if (selection.kind !== "held-out") return { trainData: train, heldOut: null };
  const { fraction, seed } = selection;
  const { kept, taken } = stratifiedSplit(train, { portion: { fraction }, seed });
  if (taken.length === 0)
    throw new DataError(
      `${train.root}: its classes are too small to hold out ${fraction} of their images (selection.fraction); ` +
        "take a larger fraction, or --select last, which needs none.",
    );
  return { trainData: subset(train, kept), heldOut: subset(train, taken) };
}
