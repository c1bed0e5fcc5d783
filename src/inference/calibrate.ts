import { Loader } from "../data/loader/loader.js";
import { classStatistics } from "../data/statistics.js";
import type { Dataset } from "../data/dataset.js";
import { groupOf } from "../data/groups.js";
import type { ByGroup, Calibration, Temperature } from "../evaluation/analysis.js";
import { EnsembleCalibration } from "../evaluation/analysis/ensemble-calibration.js";
import { transformed } from "../evaluation/meter.js";
import { scaleLogits } from "../evaluation/temperature/scale.js";
import { DataError, UsageError } from "../support/errors.js";
import type { OnImages } from "../training/evaluate.js";
import { evaluationBatches } from "../training/loaders.js";
import { openTrainingData } from "../training/training-data.js";
import { ownData } from "./evaluated-data.js";
import { fitTemperatures } from "../training/fit-temperatures.js";
import { type FittedTemperature, saveCalibration } from "../runs/calibration-file.js";
import { type Prior } from "./prior.js";
import { priorAdjustment } from "../training/implied-prior.js";
import { accuracyOptions, assertSameClasses, type Trained } from "../training/trained.js";
import type { Measurement } from "../evaluation/accuracy.js";

interface CalibrateOptions {
  /** Data folder; the one of the training unless given. */
  readonly root?: string | undefined;
  readonly kind: Temperature["kind"];
  readonly onImages?: OnImages;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A temperature that was fitted on held-out images, and the ensemble's calibration without and with it.
 *
 * @example
 * const { calibration } = await evaluate("runs/mine", { calibrate: "global" });
 * console.log(calibration?.before.all.ece, calibration?.after.all.ece);
 */
export interface CalibrationResult extends FittedTemperature {
  readonly before: ByGroup<Calibration>;
  readonly after: ByGroup<Calibration>;
  /** Path of the calibration.json that predictions use; null for a checkpoint outside a run's folder. */
  readonly file: string | null;
}

/**
 * Fits a temperature and measures what it does to the ensemble, where asked for after an adjustment to a prior; at the end
 * the run's folder keeps it.
 */
export async function measureCalibration(
  trained: Trained,
  run: string,
  { prior, ...options }: CalibrateOptions & { readonly prior: Prior | null },
): Promise<Measurement<"calibration", CalibrationResult>> {
  const fitted = await calibrate(trained, options);
  const { counts, groups } = accuracyOptions(trained);
  const groupOfClass = groupOf(counts, groups);
  const [before, after] = [new EnsembleCalibration(groupOfClass), new EnsembleCalibration(groupOfClass)];
  const adjust = prior === null ? null : priorAdjustment(trained, prior.shares);
  const adjusted = [before, after].map((meter) => (adjust === null ? meter : transformed(meter, adjust)));
  const scaled = transformed(adjusted[1]!, (logits) => scaleLogits(logits, fitted.temperature, groupOfClass));
  return {
    meters: [adjusted[0]!, scaled],
    finish: () => {
      const file = saveCalibration(run, trained, fitted);
      return { calibration: { ...fitted, before: before.result(), after: after.result(), file } };
    },
  };
}

/**
 * Fits a temperature on the images that a run held out of its training.
 * @throws UsageError for a run that held none out; DataError when the training images are not those of the run; the
 *   signal's reason when it ended the fit early.
 */
export async function calibrate(
  trained: Trained,
  { root, kind, onImages, signal }: CalibrateOptions,
): Promise<FittedTemperature> {
  const { recipe, counts, trained: trainedCounts } = trained.description;
  assertHeldOut(trained);
  const own = ownData(recipe.data, trained.path);
  const data = { ...own, root: root ?? own.root };
  const { train, heldOut } = await openTrainingData({ data, selection: recipe.selection }, { signal });
  assertSameTraining(trained, train);
  using loader = new Loader(evaluationBatches(recipe, heldOut!, trained.device));
  const { method } = trained;
  const fitted = await fitTemperatures({
    ...{ method, recipe, counts, trained: trainedCounts, kinds: [kind], onImages, signal },
    heldOut: { images: heldOut!.size, loader },
  });
  if (fitted === null) throw signal!.reason; // only a signal ends it early
  return { temperature: fitted.temperatures[0]!, images: fitted.images };
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
