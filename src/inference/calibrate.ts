import { Loader } from "../data/loader/loader.js";
import { openDataset } from "../data/registry.js";
import { classStatistics } from "../data/statistics.js";
import type { Dataset } from "../data/dataset.js";
import type { Temperature } from "../evaluation/analysis.js";
import { DataError, UsageError } from "../support/errors.js";
import type { OnImages } from "../training/evaluate.js";
import { evaluationBatches, splitHeldOut } from "../training/loaders.js";
import { assertSameClasses, type Trained } from "./trained.js";
import { fitTemperatures } from "../training/fit-temperatures.js";
import type { FittedTemperature } from "../runs/calibration-file.js";

interface CalibrateOptions {
  /** The data's folder; the one it was trained on unless given. */
  readonly root?: string | undefined;
  readonly kind: Temperature["kind"];
  readonly onImages?: OnImages;
  readonly signal?: AbortSignal;
}

/**
 * Fits a temperature on the images that a run held out of its training. Null when the signal ended it early.
 * @throws UsageError for a run that held none out; DataError when the training images are not those of the run.
 */
export async function calibrate(
  trained: Trained,
  { root, kind, onImages, signal }: CalibrateOptions,
): Promise<FittedTemperature | null> {
  const { recipe, counts } = trained.description;
  assertHeldOut(trained);
  const train = await openDataset({ ...recipe.data, root: root ?? recipe.data.root }, "train");
  assertSameTraining(trained, train);
  const { heldOut } = splitHeldOut(train, recipe.selection);
  using loader = new Loader(evaluationBatches(recipe, heldOut!, trained.device));
  const { method } = trained;
  const fitted = await fitTemperatures({
    ...{ method, recipe, counts, kinds: [kind], onImages, signal },
    heldOut: { images: heldOut!.size, loader },
  });
  return fitted && { temperature: fitted.temperatures[0]!, images: fitted.images };
}

function assertHeldOut({ path, description, state }: Trained): void {
  if (state === null)
    throw new UsageError(
      `${path} does not say which images its training held out, and a temperature is fitted on these; ` +
        "expected a run's folder or a checkpoint of longtail train.",
    );
  const { kind } = description.recipe.selection;
  if (kind !== "held-out")
    throw new UsageError(
      `${path}: its run held no images out (selection.kind is ${kind}), and on images that it was trained on a network is ` +
        "surer than elsewhere. Train with --select held-out (recipe key selection.kind=held-out) to have some.",
    );
}

/** Other images would be held out of other data: ones that the network may have learned. */
function assertSameTraining(trained: Trained, train: Dataset): void {
  assertSameClasses(trained, train.classes, train.root);
  const { counts, classes } = trained.description;
  const found = classStatistics(train).counts;
  const at = counts.findIndex((count, label) => count !== found[label]);
  if (at === -1) return;
  throw new DataError(
    `${train.root} is not the data that ${trained.path} was trained on: expected ${counts[at]!} training images of class ` +
      `"${classes[at]!}", found ${found[at]!}.`,
  );
}
