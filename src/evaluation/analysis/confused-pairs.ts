import type { ConfusedPair } from "../analysis.js";
import { increment } from "../tally.js";
import type { Predictions } from "./predictions.js";
import { insertInOrder } from "./first-few.js";

const MAX_PAIRS = 24;
const MAX_EXAMPLES = 4;

type Example = ConfusedPair["examples"][number];

interface Confused {
  readonly label: number;
  readonly answer: number;
  images: number;
  readonly examples: Example[];
}

const examplesInOrder = {
  most: MAX_EXAMPLES,
  before: (a: Example, b: Example): boolean =>
    a.probability > b.probability || (a.probability === b.probability && a.index < b.index),
};

/** Collects which classes are taken for which, with the images on which the network is surest of its mistake. */
export class ConfusedPairs {
  readonly #classes: number;
  readonly #seen: Float64Array; // images of each class
  readonly #pairs = new Map<number, Confused>(); // by label · classes + answer

  constructor(classes: number) {
    this.#classes = classes;
    this.#seen = new Float64Array(classes);
  }

  /** labels, indices [N] */
  add(
    { answer: answers, confidence }: Pick<Predictions, "answer" | "confidence">,
    { labels, indices }: { labels: Int32Array; indices: Int32Array },
  ): void {
    labels.forEach((label, i) => {
      increment(this.#seen, label);
      const answer = answers[i]!;
      if (answer === label) return;
      const pair = this.#pair(label, answer);
      pair.images += 1;
      insertInOrder(pair.examples, { index: indices[i]!, probability: confidence[i]! }, examplesInOrder);
    });
  }

  /** By the share of the label's images, then by images, then by the surest mistake. */
  result(): ConfusedPair[] {
    return [...this.#pairs.values()]
      .map((pair) => ({ ...pair, ofLabel: (100 * pair.images) / this.#seen[pair.label]! }))
      .sort(
        (a, b) =>
          b.ofLabel - a.ofLabel ||
          b.images - a.images ||
          b.examples[0]!.probability - a.examples[0]!.probability ||
          a.label - b.label ||
          a.answer - b.answer,
      )
      .slice(0, MAX_PAIRS);
  }

  #pair(label: number, answer: number): Confused {
    const key = label * this.#classes + answer;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const pair = { label, answer, images: 0, examples: [] };
    this.#pairs.set(key, pair);
    return pair;
  }
}
