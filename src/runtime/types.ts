/** What `longtail/runtime` takes and gives back. */
import type { ImageInput } from "../data/image-input.js";
import type { DataError } from "../support/errors.js";

/** Who computes a network's convolutions. */
export type Kernels = "own" | "onnxruntime";

/**
 * Settings of loading a model file.
 *
 * @example
 * const options: RuntimeOptions = { threads: 2, workers: 2 };
 */
export interface RuntimeOptions {
  /** Number of threads that the network's operators use; one for each core unless given. */
  readonly threads?: number | undefined;
  /**
   * Whether those threads wait busily between two operators: a lone image takes about two thirds of the time, images in batches
   * take more of the processor's. True unless given.
   */
  readonly busyWait?: boolean | undefined;
  /**
   * Who computes: our own kernels (`own`) where they can, one EfficientNet-Lite in float32 that takes tensors, on a processor with
   * AVX2; otherwise, and with `onnxruntime` always, ONNX Runtime. Their probabilities differ by rounding. `own` unless given.
   */
  readonly kernels?: Kernels | undefined;
  /** Number of threads that decode images; one for each core unless given. 0: the calling thread does. */
  readonly workers?: number | undefined;
  /** Ends the loading; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An image that is decoded and transformed already: what `prepare` of a model returns and `predict` of the same model takes.
 *
 * @example
 * const images: PreparedImage[] = await Promise.all(uploads.map((upload) => model.prepare(upload)));
 */
export interface PreparedImage {
  /** Path of the image; null for one in memory. */
  readonly image: string | null;
  /** Lengths of the input without the batch: [3, S, S], or [height, width, 3] for a model that takes pixels. */
  readonly shape: readonly [number, number, number];
  /** Values of the network's input, row by row. */
  readonly data: Float32Array | Uint8Array;
}

/**
 * Settings of a prediction by a model file.
 *
 * @example
 * const options: RuntimePredictOptions = { top: 3, signal: AbortSignal.timeout(5000) };
 */
export interface RuntimePredictOptions {
  /** Number of classes for each image; 5 unless given. */
  readonly top?: number | undefined;
  /**
   * Number of images in a batch; unless given 64 by our own kernels, 2 by ONNX Runtime for a network of 224 x 224, more for a smaller
   * one, up to 32.
   */
  readonly batch?: number | undefined;
  /** Whether each prediction comes with the image's features; false unless given. */
  readonly features?: boolean | undefined;
  /**
   * Receives an image that cannot be read, and why; the others are predicted, and `predict` of that image alone gives undefined.
   * Such an image ends the prediction with its error unless this is given.
   */
  readonly onUnreadable?: ((image: ImageInput, error: DataError) => void) | undefined;
  /** Ends the prediction before the next batch; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}
