import type { ResolvedRecipe } from "../recipes/schema.js";
import { type CalibrationFile, findCalibration } from "../runs/calibration-file.js";
import { LongtailError } from "../support/errors.js";
import type { KernelChoice } from "../torch/native.js";
import { setDeterministic, setKernels, setThreads } from "../torch/settings.js";
import { describeImpliedPrior } from "../training/implied-prior.js";
import { evaluateTrained, type EvaluateOptions, type Evaluation } from "./evaluate.js";
import type { ImageInput } from "../data/image-input.js";
import { type ImagePrediction, predictImages, type PredictOptions } from "./predict.js";
import { loadTrained, loadWithRecipe, type Trained } from "../training/trained.js";

/**
 * Settings of loading.
 *
 * @example
 * const options: LoadOptions = { device: "cuda", weights: "raw" };
 */
export interface LoadOptions {
  /** Device to compute on: "cpu" unless given, or "cuda", "cuda:1", … */
  readonly device?: string | undefined;
  /** Number of threads that operators use, in the whole process; libtorch's choice unless given. */
  readonly threads?: number | undefined;
  /** Kernels of the CPU's convolutions, in the whole process; as set before unless given. */
  readonly kernels?: KernelChoice | undefined;
  /** The weights' moving averages or the raw weights; what the recipe says unless given. */
  readonly weights?: "ema" | "raw" | undefined;
}

/**
 * A run's fitted temperature, and whether it was fitted to the weights that were loaded.
 *
 * @example
 * if (model.calibration?.fits) console.log(model.calibration.temperature);
 */
export interface ModelCalibration extends Pick<CalibrationFile, "temperature" | "images" | "epoch"> {
  /** Path of the run's calibration.json. */
  readonly path: string;
  /** Whether predictions use it: only where it was fitted to these weights. */
  readonly fits: boolean;
}

/**
 * A trained network in memory, ready to predict and to be evaluated. It holds memory outside JavaScript's heap until it
 * is disposed of: `using model = await load(…)`, or `model[Symbol.dispose]()`.
 *
 * @example
 * using model: TrainedModel = await load("runs/mine");
 * for await (const { image, predictions } of model.predictEach(paths)) console.log(image, predictions[0]?.class);
 */
export class TrainedModel implements Disposable {
  /** Path of the checkpoint that was loaded. */
  readonly checkpoint: string;
  readonly classes: readonly string[];
  /** Number of training images of each class. */
  readonly trainImages: readonly number[];
  readonly recipe: ResolvedRecipe;
  /** Full name of the device, such as "cpu" or "cuda:0". */
  readonly device: string;
  /** The temperature that `evaluate` with `calibrate` has fitted for the run; null for a run without. */
  readonly calibration: ModelCalibration | null;
  /** Sentence for people on the class frequencies that the raw logits stand for. */
  readonly logitPrior: string;
  readonly #trained: Trained;
  readonly #run: string;
  #isDisposed = false;

  /** @internal */
  constructor(trained: Trained, run: string) {
    const { recipe, classes, counts } = trained.description;
    this.#trained = trained;
    this.#run = run;
    this.checkpoint = trained.path;
    this.classes = classes;
    this.trainImages = counts;
    this.recipe = recipe;
    this.device = trained.device;
    this.calibration = calibrationOf(run, trained);
    this.logitPrior = describeImpliedPrior(recipe);
  }

  /**
   * Predicts the most probable classes of an image, or of each image of a list: paths, Buffers of image files, pixels.
   * The event loop waits for no longer than the network needs for a batch.
   *
   * @throws DataError that names an image which cannot be read; UsageError for wrong options; the signal's reason.
   * @example
   * const { predictions } = await model.predict(await readFile("photo.jpg"), { top: 3 });
   * const many = await model.predict(["a.jpg", "b.jpg"], { batch: 16 });
   */
  predict(
    image: ImageInput,
    options?: PredictOptions & { readonly onUnreadable?: undefined },
  ): Promise<ImagePrediction>;
  predict(image: ImageInput, options: PredictOptions): Promise<ImagePrediction | undefined>;
  predict(images: readonly ImageInput[], options?: PredictOptions): Promise<ImagePrediction[]>;
  async predict(
    given: ImageInput | readonly ImageInput[],
    options: PredictOptions = {},
  ): Promise<ImagePrediction | undefined | ImagePrediction[]> {
    const images = Array.isArray(given) ? (given as readonly ImageInput[]) : [given as ImageInput];
    const found: ImagePrediction[] = [];
    for await (const one of this.predictEach(images, options)) found.push(one);
    return Array.isArray(given) ? found : found[0];
  }

  /**
   * Predicts images one after the other as batches of them are ready, for lists that are long or come over time.
   *
   * @throws As `predict` does, when the image's batch is reached.
   * @example
   * for await (const { image, predictions } of model.predictEach(paths)) console.log(image, predictions[0]?.class);
   */
  async *predictEach(
    images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    options: PredictOptions = {},
  ): AsyncGenerator<ImagePrediction, void, undefined> {
    const { calibration } = this;
    const temperature = calibration?.fits === true ? calibration.temperature : null;
    yield* predictImages(this.#inUse(), images, { ...options, temperature });
  }

  /**
   * Evaluates the network on the test images (or the training images) of its data, by class, group and expert.
   *
   * @throws DataError for data of other classes; UsageError for wrong options; the signal's reason.
   * @example
   * const { ensemble, prior } = await model.evaluate({ prior: "uniform" });
   */
  async evaluate(options: EvaluateOptions = {}): Promise<Evaluation> {
    return evaluateTrained(this.#inUse(), { ...options, run: this.#run });
  }

  /** Frees the network's memory; what is still being predicted ends with an error. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#trained[Symbol.dispose]();
  }

  #inUse(): Trained {
    if (!this.#isDisposed) return this.#trained;
    throw new LongtailError(`the model of ${this.checkpoint} was disposed of; load it again to use it.`);
  }
}

/**
 * Loads a run's folder or a checkpoint or, with its recipe, a file of weights alone.
 * @throws CheckpointError for a folder that holds no run and a file that is none or does not fit; UsageError for a device
 *   that is not there.
 */
export async function loadModel(
  path: string,
  {
    recipe,
    device,
    threads,
    kernels,
    weights,
  }: LoadOptions & { readonly recipe?: ResolvedRecipe | undefined },
): Promise<TrainedModel> {
  if (threads !== undefined) setThreads(threads);
  if (kernels !== undefined) setKernels(kernels);
  const on = device === undefined ? {} : { device };
  const trained =
    recipe === undefined ? loadTrained(path, { ...on, weights }) : await loadWithRecipe(path, recipe, on);
  setDeterministic(trained.description.recipe.deterministic);
  return new TrainedModel(trained, path);
}

function calibrationOf(run: string, trained: Trained): ModelCalibration | null {
  const found = findCalibration(run, trained);
  if (found === null) return null;
  const { temperature, images, epoch } = found.calibration;
  return { temperature, images, epoch, path: found.path, fits: found.fits };
}
