/** Counts one model's predictions, class by class. Integers, so the order of the images leaves no trace. */
export class Tally {
  /** Images of each class that were predicted as it. */
  readonly correct: Float64Array;
  /** Images of any class that were predicted as it. */
  readonly predicted: Float64Array;
  /** Images whose class was among the five likeliest. */
  top5 = 0;

  constructor(classes: number) {
    this.correct = new Float64Array(classes);
    this.predicted = new Float64Array(classes);
  }

  /** labels, predictions: a class number for each image. */
  add(labels: Int32Array, predictions: Int32Array): void {
    predictions.forEach((answer, i) => {
      increment(this.predicted, answer);
      if (labels[i] === answer) increment(this.correct, answer);
    });
  }
}

/**
 * Images of class `label` that were predicted as class `answer`; both are numbers of classes.
 *
 * @example
 * for (const [label, answer, images] of evaluation.confusion) console.log(label, answer, images);
 */
export type Confusion = readonly (readonly [label: number, answer: number, images: number])[];

/**
 * Counts which classes are taken for which. Only pairs that occur are kept: with thousands of classes almost none do.
 */
export class ConfusionTally {
  readonly #classes: number;
  readonly #images = new Map<number, number>(); // by label · classes + answer

  constructor(classes: number) {
    this.#classes = classes;
  }

  add(labels: Int32Array, predictions: Int32Array): void {
    labels.forEach((label, i) => {
      const pair = label * this.#classes + (predictions[i] ?? 0);
      this.#images.set(pair, (this.#images.get(pair) ?? 0) + 1);
    });
  }

  /** By label, then by answer. */
  result(): Confusion {
    const classes = this.#classes;
    return [...this.#images]
      .sort(([a], [b]) => a - b)
      .map(([pair, images]) => [Math.floor(pair / classes), pair % classes, images]);
  }
}

export function increment(counts: Float64Array, index: number): void {
  raise(counts, index, 1);
}

export function raise(sums: Float64Array, index: number, by: number): void {
  sums[index] = (sums[index] ?? 0) + by;
}
