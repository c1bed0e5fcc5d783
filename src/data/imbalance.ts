import { DataError } from "../support/errors.js";
import type { Dataset } from "./dataset.js";
import { NumpyRandom } from "./numpy-random.js";
import { classStatistics, imagesByClass } from "./statistics.js";
import { subset } from "./subset.js";
import { maxOf, minOf } from "../support/math.js";

/** Data whose imbalance is within this share of the asked one counts as long-tailed already. */
const TOLERANCE = 0.1;

export interface ImbalanceOptions {
  readonly imbalance: number;
  /** Chooses the images. Apart from the training's seed: runs with several of those see the same data. */
  readonly seed: number;
}

/**
 * A long-tailed subset of balanced training data: class c of C keeps ⌊n · (1 / imbalance)^(c / (C − 1))⌋ images,
 * chosen at random; n is the size of a class. Cui et al., "Class-balanced loss based on effective number of
 * samples", CVPR 2019. Data that has about that imbalance already is returned as it is.
 */
export function imbalanced(dataset: Dataset, { imbalance, seed }: ImbalanceOptions): Dataset {
  const statistics = classStatistics(dataset);
  const largest = maxOf(statistics.counts);
  const smallest = minOf(statistics.counts);
  if (largest !== smallest) {
    if (Math.abs(statistics.imbalance / imbalance - 1) <= TOLERANCE) return dataset;
    throw new DataError(
      `${dataset.root}: expected balanced training data to take a subset of imbalance ${imbalance} from, or data of ` +
        `that imbalance; found ${smallest} to ${largest} images a class (imbalance ${statistics.imbalance.toFixed(1)}).`,
    );
  }
  const sizes = exponentialSizes({ largest, classes: dataset.classes.length, imbalance });
  if (sizes.includes(0)) {
    throw new DataError(
      `${dataset.root}: expected an imbalance of at most ${largest}, the images of a class, found ${imbalance}.`,
    );
  }
  return subset(
    dataset,
    chooseImages(dataset.labels, sizes, seed)
      .flat()
      .sort((a, b) => a - b),
  );
}

/** ⌊largest · (1 / imbalance)^(c / (C − 1))⌋ for each class c. */
export function exponentialSizes(options: { largest: number; classes: number; imbalance: number }): number[] {
  const { largest, classes, imbalance } = options;
  return Array.from({ length: classes }, (_, c) => {
    const share = (1 / imbalance) ** (c / Math.max(1, classes - 1));
    return Math.floor(largest * share + 1e-9); // a whole number may come out a little too small
  });
}

/**
 * The images that each class keeps. As Cao et al., "Learning imbalanced datasets with label-distribution-aware margin
 * loss", NeurIPS 2019, choose them with NumPy: class after class its images are shuffled and the first ones kept. Seed 0
 * gives the CIFAR-10-LT and CIFAR-100-LT that the field trains on.
 */
export function chooseImages(labels: Int32Array, sizes: readonly number[], seed: number): number[][] {
  const random = new NumpyRandom(seed);
  return imagesByClass(labels, sizes.length).map((images, label) => {
    const order = Int32Array.from(images);
    random.shuffle(order);
    return [...order.subarray(0, sizes[label])];
  });
}
