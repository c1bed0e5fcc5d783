import { UsageError } from "../../support/errors.js";
import { formatBytes } from "../../support/units.js";
import { sampleImages, type FixedImages } from "./make-images.js";

/**
 * Makes sure that the images fit, by the mean size of a sample: 3 · height · width bytes each.
 * @throws UsageError with what they take and what there is.
 */
export function assertRoom(
  images: FixedImages,
  { place, free }: { place: "memory" | "disk"; free: number },
): void {
  const sample = sampleImages(images);
  const bytes = sample.reduce((sum, { image }) => sum + image.pixels.length, 0) / sample.length;
  const { size, split } = images.dataset;
  const needed = bytes * size;
  if (needed <= free) return;
  const where = place === "memory" ? "of memory" : "on the disk";
  throw new UsageError(
    `data.cache=${place}: the ${size} ${split} images take about ${formatBytes(Math.round(needed))}, and ` +
      `${formatBytes(free)} ${where} are free. Let data.${split} begin with a resize to a smaller size, or set ` +
      `data.cache=${place === "memory" ? "disk or " : ""}none.`,
  );
}
