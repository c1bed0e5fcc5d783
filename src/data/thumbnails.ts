import type { Dataset } from "./dataset.js";
import { subset } from "./subset.js";
import { vision } from "./vision.js";

const SIDE = 160;

/**
 * Small JPEG pictures of some images, as data URLs by the images' places; none of an image of which nothing can be decoded.
 *
 * @param side in pixels of the square that each fits
 */
export function thumbnailUrls(
  dataset: Dataset,
  indices: Iterable<number>,
  { side = SIDE, threads }: { side?: number; threads: number },
): Map<number, string> {
  const wanted = [...new Set(indices)];
  if (wanted.length === 0) return new Map();
  const files = vision().makeThumbnails(subset(dataset, wanted).pixels, side, threads);
  return new Map(
    files.flatMap((file, i) =>
      file === null ? [] : [[wanted[i]!, `data:image/jpeg;base64,${file.toString("base64")}`]],
    ),
  );
}
