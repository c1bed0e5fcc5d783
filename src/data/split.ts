/** Splits of labeled images, as plain functions from labels to indices. */
import { DataError } from "../support/errors.js";
import { Rng } from "../torch/random.js";
import { streamOf } from "../torch/random-streams.js";
import type { Dataset } from "./dataset.js";
import { chooseImages, exponentialSizes } from "./imbalance.js";
import { classStatistics, imagesByClass } from "./statistics.js";
import { minOf } from "../support/math.js";

/** What is split: a label an image, and the classes that the labels count. */
export type Labeled = Pick<Dataset, "labels" | "classes">;

/** Two parts without common images that together are all, each in ascending order. */
export interface SplitIndices {
  readonly kept: readonly number[];
  readonly taken: readonly number[];
}

/** How many images each class gives: a share of its own, or a number. */
export type Portion = { readonly fraction: number } | { readonly perClass: number };

/**
 * Takes images of every class, by default to hold them out of training. By share: round(fraction · n) of a class of n
 * images, but never all; a class so small that this rounds to none keeps all of its images (fewer than five at a tenth).
 * By number: `perClass`, but at most half of a class, ⌊n / 2⌋. So every class keeps an image. One that gives none is no
 * part of what is evaluated on the images taken. Who is chosen depends on the seed, the class and its number of images alone.
 */
export function stratifiedSplit(
  data: Labeled,
  options: { readonly portion: Portion; readonly seed: number; readonly purpose?: "heldOut" | "test" },
): SplitIndices {
  const { portion, seed, purpose = "heldOut" } = options;
  return takeFromEach(data, { seed, purpose, size: (images) => portionOf(images, portion) });
}

/** Images that a class of `images` gives. */
export function portionOf(images: number, portion: Portion): number {
  if ("perClass" in portion) return Math.min(portion.perClass, Math.floor(images / 2));
  return Math.min(Math.round(portion.fraction * images), images - 1);
}

/**
 * A test split that weighs all classes alike: exactly `perClass` images of each.
 * @throws DataError when a class has too few to keep one for training
 */
export function balancedTestSplit(
  data: Labeled,
  { perClass, seed }: { readonly perClass: number; readonly seed: number },
): SplitIndices {
  const sizes = nonEmptyCounts(data);
  const smallest = sizes.indexOf(minOf(sizes));
  if (sizes[smallest]! <= perClass) {
    throw new DataError(
      `expected more than ${perClass} images of each class, ${perClass} to test on and at least one to train on; ` +
        `class "${data.classes[smallest]!}" has ${sizes[smallest]!}.`,
    );
  }
  return takeFromEach(data, { seed, purpose: "test", size: () => perClass });
}

/**
 * A subset whose classes fall off exponentially (Cui et al., CVPR 2019): ⌊n · (1 / imbalance)^(r / (C − 1))⌋ images of
 * the class of rank r, counted from 0. Ranks go by size, the largest first, and by label among equals, so that balanced
 * data is cut by label, as CIFAR-LT is: seed 0 chooses the images of the published CIFAR-LT. n is as large as all classes
 * allow: the size of a class of balanced data.
 *
 * @returns indices in ascending order
 * @throws DataError when the smallest class would be left without images
 */
export function longTailedSubset(
  data: Labeled,
  { imbalance, seed }: { readonly imbalance: number; readonly seed: number },
): number[] {
  const available = nonEmptyCounts(data);
  const ranked = available.map((_, label) => label).sort((a, b) => available[b]! - available[a]! || a - b);
  const classes = ranked.length;
  const share = (rank: number): number => (1 / imbalance) ** (rank / Math.max(1, classes - 1));
  const largest = Math.floor(minOf(ranked.map((label, rank) => available[label]! / share(rank) + 1e-9)));
  const sizes = exponentialSizes({ largest, classes, imbalance });
  if (sizes.at(-1) === 0) {
    throw new DataError(
      `expected an imbalance of at most ${largest}, the images that the largest class would keep, found ${imbalance}.`,
    );
  }
  const sizeOf = available.map(() => 0);
  ranked.forEach((label, rank) => (sizeOf[label] = sizes[rank]!));
  return chooseImages(data.labels, sizeOf, seed)
    .flat()
    .sort((a, b) => a - b);
}

/** Images of each class. @throws DataError when a class has none */
function nonEmptyCounts(data: Labeled): readonly number[] {
  const { counts, classes } = classStatistics(data);
  const empty = counts.indexOf(0);
  if (empty >= 0) throw new DataError(`class "${classes[empty]!}" has no images.`);
  return counts;
}

interface Taking {
  readonly seed: number;
  readonly purpose: "heldOut" | "test";
  /** How many of a class's images are taken. */
  readonly size: (images: number) => number;
}

function takeFromEach(data: Labeled, { seed, purpose, size }: Taking): SplitIndices {
  const { length: classes } = nonEmptyCounts(data);
  const taken = imagesByClass(data.labels, classes).flatMap((images, label) => {
    const order = new Rng(seed, streamOf(purpose, label)).permutation(images.length);
    return Array.from(order.subarray(0, size(images.length)), (place) => images[place]!);
  });
  const isTaken = new Uint8Array(data.labels.length);
  for (const index of taken) isTaken[index] = 1;
  const all = Array.from(data.labels, (_, index) => index);
  return { kept: all.filter((i) => !isTaken[i]), taken: all.filter((i) => isTaken[i]) };
}
