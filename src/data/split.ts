/**
 * Splits of labelled images, as plain functions from labels to indices. Who is chosen depends on the seed, the class and
 * its number of images alone: the other classes do not matter.
 */
import { DataError } from "../support/errors.js";
import { Rng } from "../torch/random.js";
import type { Dataset } from "./dataset.js";
import { exponentialSizes } from "./imbalance.js";
import { classStatistics } from "./statistics.js";

/** What is split: a label an image, and the classes that the labels count. */
export type Labelled = Pick<Dataset, "labels" | "classes">;

/** Two parts without common images that together are all, each in ascending order. */
export interface SplitIndices {
  readonly kept: Int32Array;
  readonly taken: Int32Array;
}

/** How many images each class gives: a share of its own, or a number. */
export type Portion = { readonly fraction: number } | { readonly perClass: number };

/** Streams of random numbers: a class's label added to one of these. Lower ones belong to weights and epochs. */
const STREAMS = { heldOut: 2 ** 50, test: 2 ** 50 + 2 ** 32, longTail: 2 ** 50 + 2 ** 33 };

/**
 * Takes images of every class, by default to hold them out of training: round(fraction · n) of a class of n images, at
 * least 1; or `perClass`. Tiny classes: a class always keeps an image (one of a single image gives none), and by
 * `perClass` no class gives more than half of its images, ⌊n / 2⌋.
 */
export function stratifiedSplit(
  data: Labelled,
  options: { readonly portion: Portion; readonly seed: number; readonly purpose?: "heldOut" | "test" },
): SplitIndices {
  const { portion, seed, purpose = "heldOut" } = options;
  return takeFromEach(data, { seed, purpose, size: (images) => portionOf(images, portion) });
}

function portionOf(images: number, portion: Portion): number {
  if ("perClass" in portion) return Math.min(portion.perClass, Math.floor(images / 2));
  return Math.min(images - 1, Math.max(1, Math.round(portion.fraction * images)));
}

/**
 * A test split that weighs all classes alike: exactly `perClass` images of each.
 * @throws DataError when a class has too few to keep one for training
 */
export function balancedTestSplit(
  data: Labelled,
  { perClass, seed }: { readonly perClass: number; readonly seed: number },
): SplitIndices {
  const sizes = classSizes(data);
  const smallest = sizes.indexOf(Math.min(...sizes));
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
 * data is cut by label, as CIFAR-LT is. n is as large as all classes allow: the size of a class of balanced data.
 *
 * @throws DataError when the smallest class would be left without images
 */
export function longTailedSubset(
  data: Labelled,
  { imbalance, seed }: { readonly imbalance: number; readonly seed: number },
): SplitIndices {
  const available = classSizes(data);
  const ranked = available.map((_, label) => label).sort((a, b) => available[b]! - available[a]! || a - b);
  const classes = ranked.length;
  const share = (rank: number): number => (1 / imbalance) ** (rank / Math.max(1, classes - 1));
  const largest = Math.floor(
    Math.min(...ranked.map((label, rank) => available[label]! / share(rank) + 1e-9)),
  );
  const sizes = exponentialSizes({ largest, classes, imbalance });
  if (sizes.at(-1) === 0) {
    throw new DataError(
      `expected an imbalance of at most ${largest}, the images that the largest class would keep, found ${imbalance}.`,
    );
  }
  const sizeOf = new Map(ranked.map((label, rank) => [label, sizes[rank]!]));
  const { kept, taken } = takeFromEach(data, {
    seed,
    purpose: "longTail",
    size: (_, label) => sizeOf.get(label)!,
  });
  return { kept: taken, taken: kept };
}

/** Images of each class. @throws DataError when a class has none */
function classSizes(data: Labelled): readonly number[] {
  const { counts, classes } = classStatistics(data);
  const empty = counts.indexOf(0);
  if (empty >= 0) throw new DataError(`class "${classes[empty]!}" has no images.`);
  return counts;
}

interface Taking {
  readonly seed: number;
  readonly purpose: keyof typeof STREAMS;
  /** How many of a class's images are taken. */
  readonly size: (images: number, label: number) => number;
}

function takeFromEach(data: Labelled, { seed, purpose, size }: Taking): SplitIndices {
  const taken = new Uint8Array(data.labels.length);
  imagesByClass(data).forEach((images, label) => {
    const order = new Rng(seed, STREAMS[purpose] + label).permutation(images.length);
    for (const place of order.subarray(0, size(images.length, label))) taken[images[place]!] = 1;
  });
  const indices = Int32Array.from(taken, (_, index) => index);
  return { kept: indices.filter((i) => taken[i] === 0), taken: indices.filter((i) => taken[i] === 1) };
}

function imagesByClass(data: Labelled): number[][] {
  const images = classSizes(data).map((): number[] => []);
  data.labels.forEach((label, index) => images[label]!.push(index));
  return images;
}
