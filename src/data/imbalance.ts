import { DataError } from "../support/errors.js";
import { Rng } from "../torch/random.js";
import type { Dataset } from "./dataset.js";
import { classStatistics } from "./statistics.js";
import { subset } from "./subset.js";

/** Always the same subset, whatever the training's seed: runs with several seeds see the same data. */
const SUBSET_SEED = 0;
/** Data whose imbalance is within this share of the asked one counts as long-tailed already. */
const TOLERANCE = 0.1;

/**
 * A long-tailed subset of balanced training data: class c of C keeps ⌊n · (1 / imbalance)^(c / (C − 1))⌋ images,
 * chosen at random; n is the size of a class. Cui et al., "Class-balanced loss based on effective number of
 * samples", CVPR 2019. Data that has about that imbalance already is returned as it is.
 */
export function imbalanced(dataset: Dataset, imbalance: number): Dataset {
  const statistics = classStatistics(dataset);
  const largest = Math.max(...statistics.counts);
  const smallest = Math.min(...statistics.counts);
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
  return subset(dataset, chooseImages(dataset.labels, sizes));
}

/** ⌊largest · (1 / imbalance)^(c / (C − 1))⌋ for each class c. */
export function exponentialSizes(options: { largest: number; classes: number; imbalance: number }): number[] {
  const { largest, classes, imbalance } = options;
  return Array.from({ length: classes }, (_, c) => {
    const share = (1 / imbalance) ** (c / Math.max(1, classes - 1));
    return Math.floor(largest * share + 1e-9); // a whole number may come out a little too small
  });
}

function chooseImages(labels: Int32Array, sizes: readonly number[]): number[] {
  const byClass = sizes.map((): number[] => []);
  labels.forEach((label, index) => byClass[label]?.push(index));
  const chosen = byClass.flatMap((images, label) => {
    const order = new Rng(SUBSET_SEED, label).permutation(images.length);
    return Array.from(order.subarray(0, sizes[label]), (position) => images[position] ?? 0);
  });
  return chosen.sort((a, b) => a - b);
}
