import { setImmediate } from "node:timers/promises";
import type { ImageInput } from "../data/image-input.js";
import type { ImagePrediction } from "../inference/predict.js";
import type { ModelMetadata } from "../onnx/metadata.js";
import { type DataError, LongtailError, ModelError, assertWhole } from "../support/errors.js";
import { batched } from "../support/math.js";
import { prepareImages } from "./decode.js";
import type { Session } from "./onnx-runtime.js";
import type { PreparedImage, RuntimeOptions, RuntimePredictOptions } from "./types.js";

/** What a model takes: an image as it is, or one that it prepared itself. */
type Input = ImageInput | PreparedImage;

interface ModelParts extends Pick<RuntimeOptions, "workers"> {
  readonly session: Session;
  readonly metadata: ModelMetadata;
  readonly path: string | null;
}

const DEFAULT_TOP = 5;
const DEFAULT_BATCH = 32;

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
  readonly #session: Session;
  readonly #workers: number | undefined;
  /** Batches in work, which disposal waits for. */
  readonly #running = new Set<Promise<unknown>>();
  #isDisposed = false;

  /** @internal */
  constructor({ session, metadata, path, workers }: ModelParts) {
    this.path = path;
    this.classes = metadata.classes;
    this.metadata = metadata;
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
  predict(image: Input, options?: RuntimePredictOptions): Promise<ImagePrediction>;
  predict(images: readonly Input[], options?: RuntimePredictOptions): Promise<ImagePrediction[]>;
  async predict(
    given: Input | readonly Input[],
    options: RuntimePredictOptions = {},
  ): Promise<ImagePrediction | ImagePrediction[]> {
    const images = Array.isArray(given) ? (given as readonly Input[]) : [given as Input];
    const found: ImagePrediction[] = [];
    for await (const one of this.predictEach(images, options)) found.push(one);
    return Array.isArray(given) ? found : found[0]!;
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
    { top = DEFAULT_TOP, batch = DEFAULT_BATCH, signal, onUnreadable }: RuntimePredictOptions = {},
  ): AsyncGenerator<ImagePrediction, void, undefined> {
    assertWhole("top", top);
    assertWhole("batch", batch);
    signal?.throwIfAborted();
    let first = 0;
    for await (const some of batched(images, batch)) {
      signal?.throwIfAborted();
      const prepared = await this.#prepared(some, { first, onUnreadable, signal });
      for (const group of bySize(prepared)) yield* await this.#run(group, top);
      first += some.length;
      await setImmediate(); // timers, requests and signal handlers get their turn
    }
  }

  /**
   * Decodes and transforms an image on another thread, to be predicted later, together with others.
   *
   * @throws DataError for an image that cannot be read; UsageError for what is no image at all; the signal's reason.
   * @example
   * const prepared = await Promise.all(uploads.map((upload) => model.prepare(upload)));
   * const predictions = await model.predict(prepared);
   */
  async prepare(
    image: ImageInput,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<PreparedImage> {
    signal?.throwIfAborted();
    const [prepared] = await this.#prepared([image], { first: 0, signal });
    return prepared!;
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
    {
      first,
      onUnreadable,
      signal,
    }: Pick<RuntimePredictOptions, "onUnreadable" | "signal"> & { readonly first: number },
  ): Promise<PreparedImage[]> {
    this.#assertInUse();
    const raw = images.flatMap((image) => (isPrepared(image) ? [] : [image]));
    const { preprocessing, input } = this.metadata;
    const work =
      raw.length === 0
        ? Promise.resolve([])
        : prepareImages(raw, { preprocessing, input, first, workers: this.#workers });
    const made = (await unlessAborted(work, signal)).values();
    const prepared: PreparedImage[] = [];
    for (const image of images) {
      const result: PreparedImage | DataError = isPrepared(image) ? image : made.next().value!;
      if (!(result instanceof Error)) prepared.push(result);
      else if (onUnreadable === undefined) throw result;
      else onUnreadable(image as ImageInput, result);
    }
    return prepared;
  }

  /** Predictions of images of one size. */
  async #run(images: readonly PreparedImage[], top: number): Promise<ImagePrediction[]> {
    this.#assertInUse();
    const work = this.#session.run({ images: stacked(images) });
    this.#running.add(work);
    try {
      const found = (await work)["probabilities"]?.data;
      if (!(found instanceof Float32Array) || found.length !== images.length * this.classes.length)
        throw new ModelError(
          `${this.path ?? "the model"}: expected an output "probabilities", float32 [N, ${this.classes.length}], found another.`,
        );
      return images.map(({ image }, n) => {
        const row = found.subarray(n * this.classes.length, (n + 1) * this.classes.length);
        const calibrated = this.metadata.temperature !== null;
        return { image, predictions: this.#best(row, top), calibrated };
      });
    } finally {
      this.#running.delete(work);
    }
  }

  #best(probabilities: Float32Array, top: number): ImagePrediction["predictions"] {
    const indices = Array.from(probabilities.keys());
    return indices
      .sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
      .slice(0, top)
      .map((index) => ({ class: this.classes[index]!, index, probability: probabilities[index]! }));
  }

  #assertInUse(): void {
    if (this.#isDisposed)
      throw new LongtailError(
        `the model of ${this.path ?? "a buffer"} was disposed of; load it again to use it.`,
      );
  }
}

function isPrepared(image: unknown): image is PreparedImage {
  return typeof image === "object" && image !== null && "shape" in image && "image" in image;
}

/** Neighbors of one size, which make a batch. */
function bySize(images: readonly PreparedImage[]): PreparedImage[][] {
  const groups: PreparedImage[][] = [];
  for (const image of images) {
    const last = groups.at(-1);
    if (last?.[0]?.shape.join() === image.shape.join()) last.push(image);
    else groups.push([image]);
  }
  return groups;
}

function stacked(images: readonly PreparedImage[]): { data: Float32Array | Uint8Array; shape: number[] } {
  const [{ data: first, shape }] = images as readonly [PreparedImage];
  const Elements = first instanceof Float32Array ? Float32Array : Uint8Array;
  const data = new Elements(images.length * first.length);
  images.forEach((image, n) => {
    data.set(image.data, n * first.length);
  });
  return { data, shape: [images.length, ...shape] };
}

/** The work's result, or the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = withResolvers<never>();
  const abort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function withResolvers<T>(): { promise: Promise<T>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  return { promise, reject };
}
