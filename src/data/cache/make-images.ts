import { setImmediate } from "node:timers/promises";
import type { TransformSpec } from "../../recipes/schema.js";
import type { Dataset } from "../dataset.js";
import { imageError } from "../image-error.js";
import { type RgbImage, vision } from "../vision.js";
import { subset } from "../subset.js";
import { ImageFileWriter, type ImageTable } from "./image-file.js";
import type { CacheListener } from "./report.js";

/** A dataset's images after fixed transforms. */
export interface FixedImages {
  readonly dataset: Dataset;
  readonly fixed: readonly TransformSpec[];
  readonly threads: number;
}

/** Each thread makes this many images of a piece, which is in memory at once, twice: a large photograph has 36 MB. */
const IMAGES_A_THREAD = 2;
/** Images that stand for all. */
const SAMPLES = 16;

/**
 * Writes all images to an open file.
 *
 * @param key by which the file is known again.
 * @throws DataError for an image that cannot be read.
 */
export async function writeImages(
  file: number,
  images: FixedImages,
  { key, report, signal }: CacheListener & { key: string },
): Promise<ImageTable> {
  const { size: total, split } = images.dataset;
  const writer = new ImageFileWriter(file);
  const piece = images.threads * IMAGES_A_THREAD;
  for (let start = 0; start < total; start += piece) {
    signal?.throwIfAborted();
    const end = Math.min(start + piece, total);
    writer.add(
      makeImages(
        images,
        Array.from({ length: end - start }, (_, i) => start + i),
      ),
    );
    report?.({ type: "cache", split, images: end, total, bytes: writer.written });
    await setImmediate(); // signal handlers run only when the event loop gets a turn
  }
  return writer.finish(key);
}

/** Some images from all over the dataset, with their places. */
export function sampleImages(images: FixedImages): { index: number; image: RgbImage }[] {
  const { size } = images.dataset;
  const count = Math.min(SAMPLES, size);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * size) / count));
  return makeImages(images, indices).map((image, i) => ({ index: indices[i]!, image }));
}

function makeImages({ dataset, fixed, threads }: FixedImages, indices: readonly number[]): RgbImage[] {
  const chosen = subset(dataset, indices);
  try {
    return vision().decodeImages(chosen.pixels, fixed, threads);
  } catch (error) {
    throw imageError(error, chosen);
  }
}
