import { setImmediate } from "node:timers/promises";
import { groupOf } from "../data/groups.js";
import type { ImageInput } from "../data/image-input.js";
import type { Temperature } from "../evaluation/analysis.js";
import type { LogitTransform } from "../evaluation/meter.js";
import { scaleLogits } from "../evaluation/temperature/scale.js";
import type { Method } from "../methods/ensemble/method.js";
import { assertWhole, DataError, UsageError } from "../support/errors.js";
import { oneAhead } from "../support/one-ahead.js";
import { batched } from "../support/math.js";
import { Ensemble } from "../models/ensemble.js";
import type { Module } from "../nn/module.js";
import { noGrad } from "../torch/autograd.js";
import { cat, stack } from "../torch/operators.generated.js";
import { dispose, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { decodeBatch } from "./images.js";
import { priorFrom, type PriorTarget } from "./prior.js";
import { priorAdjustment } from "../training/implied-prior.js";
import { tauNormalization } from "./tau.js";
import type { Trained } from "../training/trained.js";

/**
 * A class that an image may show.
 *
 * @example
 * const [best] = (await model.predict("photo.jpg")).predictions;
 * console.log(best?.class, best?.probability);
 */
export interface Prediction {
  readonly class: string;
  /** Index of the class among the model's classes. */
  readonly index: number;
  /** Softmax of the mean of the experts' logits, from 0 to 1. */
  readonly probability: number;
}

/**
 * Most probable classes of one image.
 *
 * @example
 * const { predictions, calibrated }: ImagePrediction = await model.predict(upload);
 */
export interface ImagePrediction {
  /** Path of the image; null for one in memory. */
  readonly image: string | null;
  /** Classes, the most probable first. */
  readonly predictions: readonly Prediction[];
  /** Whether the probabilities were calibrated with a fitted temperature. */
  readonly calibrated: boolean;
  /** Features of all experts, one after the other: what the classifiers see. There where `features` asked for them. */
  readonly features?: Float32Array;
}

/**
 * Settings of a prediction.
 *
 * @example
 * const options: PredictOptions = { top: 3, signal: AbortSignal.timeout(5000) };
 */
export interface PredictOptions {
  /** Number of classes for each image; 5 unless given. */
  readonly top?: number;
  /** Whether to use the temperature of the run's calibration.json where it has one for these weights; true unless given. */
  readonly calibrate?: boolean;
  /** Adjusts the predictions to other class frequencies than those of the training. */
  readonly prior?: PriorTarget | undefined;
  /** Divides each class's row of a linear classifier by its length to the power of τ; no temperature is used then. */
  readonly tau?: number | undefined;
  /** Number of images in a batch, which the event loop waits for; the recipe's evaluation.batch unless given, on a CPU 64 at most. */
  readonly batch?: number | undefined;
  /**
   * Receives an image that cannot be read, and why; the others are predicted, and `predict` of that image alone gives undefined.
   * Such an image ends the prediction with its error unless this is given.
   */
  readonly onUnreadable?: ((image: ImageInput, error: DataError) => void) | undefined;
  /** Whether each prediction comes with the image's features; false unless given. */
  readonly features?: boolean | undefined;
  /** Ends the prediction before the next batch; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** What turns the logits of a trained network into predictions. */
interface Plan {
  readonly top: number;
  readonly transforms: readonly LogitTransform[];
  readonly calibrated: boolean;
  readonly features: boolean;
}

/**
 * Predicts images batch by batch, in their order. Files are read and decoded on other threads, a batch ahead; the network
 * computes on this one, a batch at a time, with a turn of the event loop before each.
 *
 * @throws DataError that names an image which cannot be read; UsageError for options that are wrong; the signal's reason.
 */
export async function* predictImages(
  trained: Trained,
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  { temperature, ...options }: PredictOptions & { readonly temperature: Temperature | null },
): AsyncGenerator<ImagePrediction, void, undefined> {
  const { signal, onUnreadable, batch = usualBatch(trained) } = options;
  signal?.throwIfAborted();
  const plan = planOf(trained, { ...options, temperature });
  assertWhole("batch", batch);
  const batches = decodedBatches(trained, images, { batch, onUnreadable, signal });
  for await (const decoded of oneAhead(batches, ({ pixels }) => dispose(pixels))) {
    try {
      await setImmediate(); // decoding of the next batch begins; timers, requests and signal handlers get their turn
      signal?.throwIfAborted();
      yield* predictBatch(trained, decoded, plan);
    } finally {
      dispose(decoded.pixels);
    }
  }
}

/** On a CPU more images at once are no faster, and take more memory: 2.4 GB at 256 of 224 pixels, 0.9 GB at 64. */
function usualBatch({ device, description }: Trained): number {
  const { batch } = description.recipe.evaluation;
  return device === "cpu" ? Math.min(batch, 64) : batch;
}

function planOf(
  trained: Trained,
  {
    top = 5,
    calibrate = true,
    prior,
    tau,
    temperature,
    features = false,
  }: PredictOptions & { temperature: Temperature | null },
): Plan {
  assertWhole("top", top);
  if (features) assertFeatures(trained);
  if (tau !== undefined && prior !== undefined)
    throw new UsageError("tau: expected no prior beside it, found both; choose one of them.");
  if (tau !== undefined)
    return { top, transforms: [tauNormalization(trained)(tau)], calibrated: false, features };
  const { counts, recipe } = trained.description;
  const groupOfClass = groupOf(counts, recipe.evaluation.groups);
  const transforms: LogitTransform[] = [];
  const used = calibrate ? temperature : null;
  if (used !== null) transforms.push((logits) => scaleLogits(logits, used, groupOfClass));
  if (prior !== undefined) transforms.push(priorAdjustment(trained, priorFrom(prior, trained).shares));
  return { top, transforms, calibrated: used !== null, features };
}

function assertFeatures({ method, path }: Trained): void {
  if (method.model instanceof Ensemble) return;
  throw new UsageError(
    `features: expected a network of backbones and classifiers, found another in ${path}.`,
  );
}

function decoded({ description }: Trained, images: readonly ImageInput[], first: number): Promise<Tensor> {
  const { data, memoryFormat } = description.recipe;
  return decodeBatch(images, { ...data, transforms: data.test, memoryFormat, first });
}

interface DecodedBatch {
  readonly images: readonly ImageInput[];
  readonly pixels: Tensor;
}

/** The images that can be read, decoded; batches of which none can are left out. @throws The signal's reason. */
async function* decodedBatches(
  trained: Trained,
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  {
    batch,
    onUnreadable,
    signal,
  }: Pick<PredictOptions, "onUnreadable" | "signal"> & { readonly batch: number },
): AsyncGenerator<DecodedBatch> {
  let first = 0;
  for await (const some of batched(images, batch)) {
    signal?.throwIfAborted(); // here too: no batch comes out where no image can be read
    const found = await readable(trained, some, { first, onUnreadable });
    if (found !== null) yield found;
    first += some.length;
  }
}

/** The images of a batch that can be read, decoded; null where none can. Where one fails, each is tried by itself. */
async function readable(
  trained: Trained,
  images: readonly ImageInput[],
  { first, onUnreadable }: Pick<PredictOptions, "onUnreadable"> & { readonly first: number },
): Promise<DecodedBatch | null> {
  try {
    return { images, pixels: await decoded(trained, images, first) };
  } catch (error) {
    if (onUnreadable === undefined || !(error instanceof DataError)) throw error;
  }
  const good: ImageInput[] = [];
  for (const [index, image] of images.entries()) {
    try {
      dispose(await decoded(trained, [image], first + index));
      good.push(image);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      onUnreadable(image, error);
    }
  }
  return good.length === 0 ? null : { images: good, pixels: await decoded(trained, good, first) };
}

/**
 * Logits of an ensemble for images [N, 3, S, S]: the mean of its experts' after the transforms, [N, C]. The graph of an
 * exported model is what this computes.
 */
export function ensembleLogits(
  method: Pick<Method, "predict">,
  images: Tensor,
  transforms: readonly LogitTransform[],
): Tensor {
  return stack(transforms.reduce((now, transform) => transform(now), method.predict(images))).mean({
    dim: [0],
  });
}

function predictBatch(
  { method, device, description }: Trained,
  { images, pixels }: DecodedBatch,
  { top, transforms, calibrated, features }: Plan,
): ImagePrediction[] {
  using _scope = scope();
  using _noGrad = noGrad();
  const { classes } = description;
  let observed: Tensor | null = null;
  using _observed = features ? featuresOf(method.model, (found) => (observed = found)) : null;
  const logits = ensembleLogits(method, pixels.to({ device }), transforms);
  const k = Math.min(top, classes.length);
  const [values, indices] = logits.softmax(1).topk(k, { dim: 1 });
  const probabilities = values.toList();
  const labels = indices.toList();
  const rows = rowsOf(observed);
  return images.map((image, n) => ({
    image: typeof image === "string" ? image : null,
    predictions: labels.slice(n * k, (n + 1) * k).map((index, rank) => ({
      class: classes[index] ?? "",
      index,
      probability: probabilities[n * k + rank] ?? 0,
    })),
    calibrated,
    ...(rows === null ? {} : { features: rows[n]! }),
  }));
}

/** Gives `receive` the experts' features side by side, [N, K · D]; null for a network without any. */
export function featuresOf(model: Module, receive: (features: Tensor) => void): Disposable | null {
  if (!(model instanceof Ensemble)) return null;
  return model.observeFeatures((features) => receive(cat(features, { dim: 1 })));
}

function rowsOf(features: Tensor | null): Float32Array[] | null {
  if (features === null) return null;
  const [count = 0, length = 0] = features.shape;
  const values = features.to({ dtype: "float32" }).toArray() as Float32Array;
  return Array.from({ length: count }, (_, n) => values.subarray(n * length, (n + 1) * length));
}
