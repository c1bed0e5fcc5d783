import { closeSync } from "node:fs";
import { vision } from "../vision.js";
import { type FixedImages, sampleImages, writeImages } from "./make-images.js";
import { type CachedImages, ImageFileWriter } from "./image-file.js";
import type { CacheListener } from "./report.js";
import { UsageError } from "../../support/errors.js";
import { formatBytes } from "../../support/units.js";
import { counted } from "../../support/text.js";

/** Keeps the images in memory, as a file without a name: it ends with the last use of it. */
export async function memoryCache(images: FixedImages, listener: CacheListener): Promise<CachedImages> {
  await assertRoom(images, { place: "memory", free: process.availableMemory(), signal: listener.signal });
  const file = vision().memoryFile();
  const close = (): void => {
    closeSync(file);
  };
  try {
    const table = await writeImages(new ImageFileWriter(file), images, { ...listener, key: "" });
    return { path: `/proc/self/fd/${file}`, table, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Makes sure that the images fit, by the mean size of a sample: 3 · height · width bytes each.
 * @throws UsageError with what they take and what there is; the signal's reason.
 */
export async function assertRoom(
  images: FixedImages,
  { place, free, signal }: { place: "memory" | "disk"; free: number } & Pick<CacheListener, "signal">,
): Promise<void> {
  const sample = await sampleImages(images, { signal });
  const bytes = sample.reduce((sum, { image }) => sum + image.pixels.length, 0) / sample.length;
  const { size, split } = images.dataset;
  const needed = bytes * size;
  if (needed <= free) return;
  const where = place === "memory" ? "of memory" : "on the disk";
  throw new UsageError(
    `data.cache=${place}: the ${counted(size, `${split} image takes`, `${split} images take`)} about ${formatBytes(Math.round(needed))}, and ` +
      `${formatBytes(free)} ${where} are free. Let data.${split} begin with a resize to a smaller size, or set ` +
      `data.cache=${place === "memory" ? "disk or " : ""}none.`,
  );
}
