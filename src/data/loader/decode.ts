import { setTimeout } from "node:timers/promises";
import { Tensor } from "../../torch/tensor.js";
import type { Pixels } from "../dataset.js";
import { imageError } from "../image-error.js";
import { vision } from "../vision.js";
import { workerThreads, type LoaderOptions } from "./loader.js";
import { normalizerFor } from "./normalization.js";

export interface DecodeOptions extends Pick<
  LoaderOptions,
  "transforms" | "imageSize" | "mean" | "std" | "workers" | "memoryFormat"
> {
  /** Name of an image that is not a file of its own, for messages. */
  readonly describe?: (index: number) => string;
}

/** Time between two looks at the threads that decode. */
const POLL_MS = 1;

/**
 * Decodes and transforms `count` images as a dataset's, on native threads while the event loop runs:
 * float32 [N, 3, S, S], which lives until dispose().
 * @throws DataError that names an image which cannot be read.
 */
export async function decodeImages(
  pixels: Pixels,
  count: number,
  { describe = (index) => `image ${index}`, ...options }: DecodeOptions,
): Promise<Tensor> {
  if (count < 1) throw new RangeError(`decodeImages: expected at least one image, found ${count}`);
  const { transforms, imageSize, workers } = options;
  const producer = vision().openProducer({
    pixels,
    views: [transforms],
    drawn: [[]],
    size: imageSize,
    seed: 0,
    threads: workerThreads(workers),
    prefetch: 1,
    reduce: false,
    pinned: false,
    normalizer: normalizerFor(options),
  });
  try {
    const images = Int32Array.from({ length: count }, (_, index) => index);
    vision().planBatches(producer, { epoch: 0, images, counts: new Int32Array(count), batch: count });
    for (;;) {
      await setTimeout(POLL_MS); // first: the tensor must not belong to a scope of the caller
      const made = vision().nextBatch(producer, 0);
      if (made !== undefined) return new Tensor(made.images);
    }
  } catch (error) {
    throw imageError(error, { pixels, describe });
  } finally {
    vision().closeProducer(producer);
  }
}
