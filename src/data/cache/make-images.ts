import { setImmediate } from "node:timers/promises";
import type { TransformSpec } from "../../recipes/schema.js";
import type { Dataset } from "../dataset.js";
import { imageError } from "../image-error.js";
import { decodeRgb, type RgbImage } from "../vision.js";
import { subset } from "../subset.js";
import type { ImageFileWriter, ImageTable } from "./image-file.js";
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
 * Writes the images that a file lacks, and its end.
 *
 * @param key by which the file is known again.
 * @throws DataError for an image that cannot be read; the signal's reason.
 */
export async function writeImages(
  writer: ImageFileWriter,
  images: FixedImages,
  { key, report, signal }: CacheListener & { key: string },
): Promise<ImageTable> {
  const { size: total, split } = images.dataset;
  const piece = images.threads * IMAGES_A_THREAD;
  while (writer.images < total) {
    const start = writer.images;
    const indices = Array.from({ length: Math.min(piece, total - start) }, (_, i) => start + i);
    writer.add(await makeImages(images, indices, signal));
    report?.({ type: "cache", split, images: writer.images, total, bytes: writer.written });
    await setImmediate(); // signal handlers run only when the event loop gets a turn
    if (writer.images < total) signal?.throwIfAborted();
  }
  return writer.finish(key);
}

/** Some of the first `count` images, from all over them, with their places. @throws as `writeImages` */
export async function sampleImages(
  images: FixedImages,
  { count = images.dataset.size, signal }: { count?: number } & Pick<CacheListener, "signal"> = {},
): Promise<{ index: number; image: RgbImage }[]> {
  const samples = Math.min(SAMPLES, count);
  const indices = Array.from({ length: samples }, (_, i) => Math.floor((i * count) / samples));
  const made = await makeImages(images, indices, signal);
  return made.map((image, i) => ({ index: indices[i]!, image }));
}

async function makeImages(
  { dataset, fixed, threads }: FixedImages,
  indices: readonly number[],
  signal: AbortSignal = new AbortController().signal,
): Promise<RgbImage[]> {
  const chosen = subset(dataset, indices);
  try {
    const made = await decodeRgb(chosen.pixels, { transforms: fixed, threads, signal });
    if (made === null) throw signal.reason;
    return made;
  } catch (error) {
    throw imageError(error, chosen);
  }
}
