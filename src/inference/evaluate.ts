import { Loader } from "../data/loader/loader.js";
import { AccuracyMeter, type EvaluationResult, type Measurement } from "../evaluation/accuracy.js";
import type { Temperature } from "../evaluation/analysis.js";
import type { Meter } from "../evaluation/meter.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";
import { runMeters, imageCounter, type OnImages } from "../training/evaluate.js";
import { evaluationBatches } from "../training/loaders.js";
import { type CalibrationResult, measureCalibration } from "./calibrate.js";
import { measurePrior, priorFrom, type PriorResult, type PriorTarget } from "./prior.js";
import { measureTau, type TauResult } from "./tau.js";
import { openEvaluated } from "./evaluated-data.js";
import { accuracyOptions, type Trained } from "../training/trained.js";

/**
 * Images that an evaluation has seen so far, of a split or of those held out for calibration.
 *
 * @example
 * const onProgress = ({ images, done, total }: EvaluationProgress) => console.log(`${done} of ${total} ${images}`);
 */
export interface EvaluationProgress {
  readonly images: "train" | "test" | "held-out";
  readonly done: number;
  readonly total: number;
}

/**
 * Settings of an evaluation.
 *
 * @example
 * const options: EvaluateOptions = { split: "test", prior: "uniform", calibrate: "global" };
 */
export interface EvaluateOptions {
  /** Data folder; the one of the training unless given. */
  readonly data?: string | undefined;
  /** Images to evaluate on; "test" unless given. */
  readonly split?: "train" | "test";
  /**
   * Fits temperatures on the images that the run held out (Guo et al., 2017): one, one a group, or one an expert. A run's
   * folder keeps them in calibration.json, and predictions use them.
   */
  readonly calibrate?: Temperature["kind"] | undefined;
  /** Adjusts the logits to other class frequencies (Menon et al., 2021; Hong et al., 2021). */
  readonly prior?: PriorTarget | undefined;
  /** Divides each class's row of a linear classifier by its length to the power of τ (Kang et al., 2020). */
  readonly tau?: number | readonly number[] | undefined;
  /**
   * Length of the shorter side that images are resized to before five squares, the corners and the middle, are cropped of each;
   * their logits are averaged (test-time ensembling). What the recipe's evaluation.fiveCrops says unless given.
   */
  readonly fiveCrops?: number | undefined;
  /** Receives progress after every batch. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
  /** Ends the evaluation after the current batch; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * Scores of a trained network, and what was asked for besides.
 *
 * @example
 * const evaluation: Evaluation = await evaluate("runs/mine", { calibrate: "global" });
 * console.log(evaluation.ensemble.all, evaluation.calibration?.after.all.ece);
 */
export interface Evaluation extends EvaluationResult {
  readonly tau?: readonly TauResult[];
  readonly prior?: PriorResult;
  readonly calibration?: CalibrationResult;
}

/**
 * Evaluates a trained method as its run did: same transforms, batches and groups. `run` is the folder that keeps a fitted
 * calibration.
 */
export async function evaluateTrained(
  trained: Trained,
  options: EvaluateOptions & { readonly run?: string } = {},
): Promise<Evaluation> {
  const { run = trained.path, data: root, split = "test", onProgress, signal, fiveCrops, ...asked } = options;
  const counting = (images: EvaluationProgress["images"]): OnImages => {
    return (done, total) => onProgress?.({ images, done, total });
  };
  const onImages = counting("held-out");
  const measurements = await measurementsFor(trained, run, { ...asked, root, signal, onImages });
  const recipe = withFiveCrops(trained.description.recipe, fiveCrops);
  const dataset = await openEvaluated(trained, { root, split, signal });
  using loader = new Loader(evaluationBatches(recipe, dataset, trained.device));
  const accuracy = new AccuracyMeter(accuracyOptions(trained));
  const meters: Meter[] = [accuracy, ...measurements.flatMap((one) => one.meters)];
  meters.push(imageCounter(dataset.size, counting(split)));
  if (!(await runMeters({ method: trained.method, loader, meters, signal }))) throw signal!.reason; // only a signal ends it early
  const result = accuracy.result();
  return Object.assign({}, result, ...measurements.map((one) => one.finish(result))) as Evaluation;
}

/** The recipe with five crops of each image, resized as its test images are. @throws UsageError for a size below the crops' */
function withFiveCrops(recipe: ResolvedRecipe, size: number | undefined): ResolvedRecipe {
  if (size === undefined) return recipe;
  const { data, evaluation } = recipe;
  if (!Number.isInteger(size) || size < data.imageSize)
    throw new UsageError(
      `fiveCrops: expected a whole number of at least ${data.imageSize}, the side of the crops, found ${size}`,
    );
  const resizes = data.test.flatMap((one) => ("interpolation" in one ? [one.interpolation] : []));
  const interpolation = resizes[0] === "bicubic" ? "bicubic" : "bilinear";
  return { ...recipe, evaluation: { ...evaluation, fiveCrops: { size, interpolation } } };
}

interface MeasurementOptions extends Pick<EvaluateOptions, "calibrate" | "prior" | "tau"> {
  readonly root: string | undefined;
  readonly onImages: OnImages;
  readonly signal: AbortSignal | undefined;
}

async function measurementsFor(
  trained: Trained,
  run: string,
  { calibrate: kind, prior: target, tau, ...options }: MeasurementOptions,
): Promise<Measurement[]> {
  if (tau !== undefined && (target !== undefined || kind !== undefined))
    throw new UsageError(
      "tau: expected neither prior nor calibrate beside it, found one; evaluate them by themselves.",
    );
  const prior = target === undefined ? null : priorFrom(target, trained);
  const measurements: Measurement[] = [];
  if (tau !== undefined) measurements.push(measureTau(trained, typeof tau === "number" ? [tau] : tau));
  if (prior !== null) measurements.push(measurePrior(trained, prior));
  if (kind !== undefined)
    measurements.push(await measureCalibration(trained, run, { ...options, kind, prior }));
  return measurements;
}
