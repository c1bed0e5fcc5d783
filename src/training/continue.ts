import { CheckpointError, UsageError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import type { Prepared } from "./prepare.js";
import { readReferenceCheckpoint } from "./ncl-checkpoint.js";
import { restore } from "./checkpoint.js";

/**
 * Takes up a training of NCL's PyTorch code: its weights and its optimizer's velocities go into what was prepared, and
 * the number of epochs behind it is returned. The rates of the epochs to come are the recipe's, which has to be the
 * same as there; batches and augmentations follow the recipe's seed.
 * @throws CheckpointError when the file holds weights alone or fits another network; UsageError when all epochs of the
 * recipe are done.
 */
export function continueFrom(
  { recipe, method, optimizer, ema }: Pick<Prepared, "recipe" | "method" | "optimizer" | "ema">,
  path: string,
): number {
  using _scope = scope();
  const { model, optimizer: velocities, epoch } = readReferenceCheckpoint(path);
  if (velocities === null || epoch === null)
    throw new CheckpointError(
      `${path} has no ${velocities === null ? "optimizer" : "epoch"}: nothing to continue; weights alone are for the recipe's key pretrained.`,
    );
  if (epoch >= recipe.epochs)
    throw new UsageError(
      `${path} has ${epoch} epochs behind it, and the recipe ${recipe.epochs} in all: nothing is left to train.`,
    );
  restore(method.model, model, path);
  restore(optimizer, velocities, path);
  ema?.restart(); // the reference keeps no averages
  return epoch;
}
