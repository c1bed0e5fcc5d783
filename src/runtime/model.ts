import { setImmediate } from "node:timers/promises";
import type { ImageInput } from "../data/image-input.js";
import type { ImagePrediction } from "../inference/predict.js";
import { FEATURES, type ModelMetadata } from "../onnx/metadata.js";
import { type DataError, LongtailError, ModelError, assertWhole } from "../support/errors.js";
import { batched, largest } from "../support/math.js";
import { assertPrepared, bySize, prefetched, stacked, unlessAborted } from "./batches.js";
import { prepareImages } from "./decode.js";
import { BufferPool } from "./memory.js";
import type { Session, Values } from "./onnx-runtime.js";
import type { Kernels, PreparedImage, RuntimeOptions, RuntimePredictOptions } from "./types.js";

/** What a model takes: an image as it is, or one that it prepared itself. */
type Input = ImageInput | PreparedImage;

/** Images of a batch, each with what was made of it or why it cannot be read. */
interface PreparedBatch {
  readonly images: readonly { readonly image: Input; readonly prepared: PreparedImage | DataError }[];
  /** Memory that all of them are in; null where there is none. */
  readonly memory: Float32Array | null;
}

interface ModelParts extends Pick<RuntimeOptions, "workers"> {
  readonly session: Session;
  readonly metadata: ModelMetadata;
  readonly path: string | null;
  readonly kernels: Kernels;
}

const PROBABILITIES = "probabilities";
const DEFAULT_TOP = 5;
/**
 * Pixels of a batch, at most 32 images, unless told otherwise: two images of 224 x 224. What the layers of a larger batch make does
 * not stay in the processor's caches: an image takes 11.2 ms of its time in batches of 2, and 14.5 in batches of 32.
 */
const BATCH_PIXELS = 2 * 224 ** 2;
const MAX_DEFAULT_BATCH = 32;
/** The same for our own kernels, whose threads compute an image each: several for each thread, so that none waits for long. */
const OWN_BATCH = 64;

/**
 * A model file in memory, ready to predict. libtorch is no part of it. It holds memory outside JavaScript's heap until it is
 * disposed of: `await using model = await load(…)`, or `await model[Symbol.asyncDispose]()`.
 *
 * @example
 * await using model: RuntimeModel = await load("model.onnx");
 * for await (const { image, predictions } of model.predictEach(paths)) console.log(image, predictions[0]?.class);
 */
export class RuntimeModel implements AsyncDisposable {
  /** Path of the model file; null for a model from memory. */
  readonly path: string | null;
  readonly classes: readonly string[];
  /** What the file says of itself. */
  readonly metadata: ModelMetadata;
  /** Who computes the network. */
  readonly kernels: Kernels;
  readonly #session: Session;
  readonly #workers: number | undefined;
  readonly #buffers = new BufferPool();
  /** Batches in work, which disposal waits for. */
  readonly #running = new Set<Promise<unknown>>();
  #isDisposed = false;

  /** @internal */
  constructor({ session, metadata, path, workers, kernels }: ModelParts) {
    this.path = path;
    this.classes = metadata.classes;
    this.metadata = metadata;
    this.kernels = kernels;
    this.#session = session;
    this.#workers = workers;
  }

  /**
   * Predicts the most probable classes of an image, or of each image of a list: paths, Buffers of image files, pixels, or
   * what `prepare` returned. Images are decoded on other threads; the network computes on this one, a batch at a time.
   *
   * @throws DataError that names an image which cannot be read; UsageError for wrong options; the signal's reason.
   * @example
   * const { predictions } = await model.predict(await readFile("photo.jpg"), { top: 3 });
   */
  predict(
    image: Input,
    options?: RuntimePredictOptions & { readonly onUnreadable?: undefined },
  ): Promise<ImagePrediction>;
  predict(image: Input, options: RuntimePredictOptions): Promise<ImagePrediction | undefined>;
  predict(images: readonly Input[], options?: RuntimePredictOptions): Promise<ImagePrediction[]>;
  async predict(
    given: Input | readonly Input[],
    options: RuntimePredictOptions = {},
  ): Promise<ImagePrediction | undefined | ImagePrediction[]> {
    const images = Array.isArray(given) ? (given as readonly Input[]) : [given as Input];
    const found: ImagePrediction[] = [];
    if (images.every(isPrepared) && images.length <= this.#batchOf(options)) {
      this.#assertOptions(options);
      for (const group of bySize(images)) found.push(...(await this.#run(group, options)));
    } else for await (const one of this.predictEach(images, options)) found.push(one);
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
    images: Iterable<Input> | AsyncIterable<Input>,
    options: RuntimePredictOptions = {},
  ): AsyncGenerator<ImagePrediction, void, undefined> {
    this.#assertOptions(options);
    const { signal, onUnreadable } = options;
    const batch = this.#batchOf(options);
    let begun = 0;
    const prepare = (some: readonly Input[]): Promise<PreparedBatch> => {
      const first = begun;
      begun += some.length;
      return this.#prepared(some, { first });
    };
    for await (const { images: made, memory } of prefetched(batched(images, batch), prepare, signal)) {
      signal?.throwIfAborted();
      const readable = made.flatMap(({ image, prepared }) => {
        if (!(prepared instanceof Error)) return [prepared];
        if (onUnreadable === undefined) throw prepared;
        onUnreadable(image as ImageInput, prepared);
        return [];
      });
      for (const group of bySize(readable)) yield* await this.#run(group, options);
      if (memory !== null) this.#buffers.give(memory);
      await setImmediate(); // timers, requests and signal handlers get their turn
    }
  }

  /**
   * Decodes and transforms an image on another thread, to be predicted later, together with others.
   *
   * @param options `workers: 0` has it done on this thread, before the promise is returned: sooner, for a small image.
   * @throws DataError for an image that cannot be read; UsageError for what is no image at all; the signal's reason.
   * @example
   * const prepared = await Promise.all(uploads.map((upload) => model.prepare(upload)));
   * const predictions = await model.predict(prepared);
   */
  async prepare(
    image: ImageInput,
    { signal, workers }: Pick<RuntimeOptions, "signal" | "workers"> = {},
  ): Promise<PreparedImage> {
    signal?.throwIfAborted();
    const { images } = await unlessAborted(this.#prepared([image], { first: 0, workers }), signal);
    const { prepared } = images[0]!;
    if (prepared instanceof Error) throw prepared;
    return prepared;
  }

  /**
   * Receives what `prepare` returned, once nobody looks at it any more: its memory is for the next image.
   *
   * @internal
   */
  recycle({ data }: PreparedImage): void {
    if (data instanceof Float32Array && data.byteLength === data.buffer.byteLength) this.#buffers.give(data);
  }

  /** Frees the model's memory, once what is being predicted is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await Promise.allSettled(this.#running);
    await this.#session.release();
  }

  async #prepared(
    images: readonly Input[],
    { first, workers = this.#workers }: { readonly first: number } & Pick<RuntimeOptions, "workers">,
  ): Promise<PreparedBatch> {
    this.#assertInUse();
    const raw = images.filter((image): image is ImageInput => !isPrepared(image));
    const { preprocessing, input } = this.metadata;
    let memory: Float32Array | null = null;
    const take = (length: number): Float32Array => (memory = this.#buffers.take(length));
    const made = (await prepareImages(raw, { preprocessing, input, first, workers, memory: take })).values();
    const found = images.map((image) => ({
      image,
      prepared: isPrepared(image) ? image : made.next().value!,
    }));
    return { images: found, memory };
  }

  /** Predictions of images of one size. */
  async #run(
    images: readonly PreparedImage[],
    { top = DEFAULT_TOP, features = false }: RuntimePredictOptions,
  ): Promise<ImagePrediction[]> {
    this.#assertInUse();
    for (const image of images) assertPrepared(image, this.metadata);
    using stack = stacked(images, this.#buffers);
    const work = this.#session.run({ images: stack.input }, [PROBABILITIES, ...(features ? [FEATURES] : [])]);
    this.#running.add(work);
    try {
      const found = await work;
      const probabilities = rowsOf(found[PROBABILITIES]!, images.length);
      const seen = features ? rowsOf(found[FEATURES]!, images.length) : null;
      const calibrated = this.metadata.temperature !== null;
      return images.map(({ image }, n) => ({
        image,
        predictions: this.#best(probabilities[n]!, top),
        calibrated,
        ...(seen === null ? {} : { features: seen[n]! }),
      }));
    } finally {
      this.#running.delete(work);
    }
  }

  #best(probabilities: Float32Array, top: number): ImagePrediction["predictions"] {
    return largest(probabilities, top).map((index) => ({
      class: this.classes[index]!,
      index,
      probability: probabilities[index]!,
    }));
  }

  #assertOptions({ top, batch, features = false, signal }: RuntimePredictOptions): void {
    if (top !== undefined) assertWhole("top", top);
    if (batch !== undefined) assertWhole("batch", batch);
    for (const output of [PROBABILITIES, ...(features ? [FEATURES] : [])])
      if (!this.#session.outputs.includes(output))
        throw new ModelError(
          `${this.path ?? "the model"}: expected an output "${output}", found ${this.#session.outputs.join(", ")}; export the run again.`,
        );
    signal?.throwIfAborted();
  }

  #batchOf({ batch }: RuntimePredictOptions): number {
    if (this.kernels === "own") return batch ?? OWN_BATCH;
    const fitting = Math.floor(BATCH_PIXELS / this.metadata.preprocessing.imageSize ** 2);
    return batch ?? Math.min(MAX_DEFAULT_BATCH, Math.max(1, fitting));
  }

  #assertInUse(): void {
    if (this.#isDisposed)
      throw new LongtailError(
        `the model of ${this.path ?? "a buffer"} was disposed of; load it again to use it.`,
      );
  }
}

/** Each image's values of an output. */
function rowsOf({ data }: Values[string], images: number): Float32Array[] {
  const length = data.length / images;
  const row = (n: number): Float32Array => (data as Float32Array).subarray(n * length, (n + 1) * length);
  return Array.from({ length: images }, (_, n) => row(n));
}

function isPrepared(image: unknown): image is PreparedImage {
  return typeof image === "object" && image !== null && "shape" in image && "image" in image;
}
