import { noGrad } from "../torch/autograd.js";
import { cat } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { groupOf, type GroupRule } from "../data/groups.js";
import { type Meter, type Observation, withEnsemble } from "./meter.js";
import { classScores, type ClassScores, groupAccuracy, type GroupAccuracy, percent } from "./scores.js";
import { sum } from "../support/math.js";
import { type Confusion, ConfusionTally, increment, Tally } from "./tally.js";

/**
 * Scores of the ensemble or of one expert, in percent.
 *
 * @example
 * const { all, few, balanced, worstClass }: ModelScores = (await evaluate("runs/mine")).ensemble;
 */
export interface ModelScores extends GroupAccuracy, ClassScores {
  /** Images whose class is among the five likeliest; 100 for five classes or fewer. */
  readonly top5: number;
}

/**
 * Accuracy of one class.
 *
 * @example
 * const worst = perClass.filter(({ accuracy }: ClassAccuracy) => accuracy !== null && accuracy < 20);
 */
export interface ClassAccuracy {
  readonly name: string;
  readonly trainImages: number;
  readonly testImages: number;
  /** Of the ensemble, in percent; null for a class without test images. */
  readonly accuracy: number | null;
}

/**
 * Accuracy of a network by model, group and class, in percent.
 *
 * @example
 * const { evaluation } = await train(recipe, options); // EvaluationResult | null
 * console.log(evaluation?.ensemble.all);
 */
export interface EvaluationResult {
  readonly ensemble: ModelScores;
  readonly experts: readonly ModelScores[];
  readonly perClass: readonly ClassAccuracy[];
  /** Of the ensemble: [label, answer, images] for every pair that occurs; the numbers are indices into perClass. */
  readonly confusion: Confusion;
  /** Mean cross-entropy of the ensemble's logits, in nats. */
  readonly loss: number;
  readonly images: number;
  readonly groups: GroupRule;
}

/** Something that an evaluation measures besides, in the same pass over the images; `finish` has the keys of its result. */
export interface Measurement<Key extends string = string, Value = unknown> {
  readonly meters: readonly Meter[];
  finish(result: EvaluationResult): Readonly<Record<Key, Value>>;
}

export interface AccuracyMeterOptions {
  readonly classes: readonly string[];
  /** Training images of each class: they decide its group. */
  readonly counts: readonly number[];
  readonly experts: number;
  readonly groups: GroupRule;
}

const SUM = 2; // libtorch's Reduction::Sum
const LIKELIEST = 5;

/**
 * Counts the predictions of an ensemble and of each of its experts, class by class.
 *
 * The ensemble is the mean of the experts' raw logits. Answers are counted, so the scores do not depend on the size or
 * the order of the batches; the loss is summed in float64.
 */
export class AccuracyMeter implements Meter {
  readonly #options: AccuracyMeterOptions;
  readonly #models: readonly Tally[]; // the ensemble, then each expert
  readonly #confusion: ConfusionTally;
  readonly #seen: Float64Array; // test images of each class
  #lossSum = 0;

  constructor(options: AccuracyMeterOptions) {
    this.#options = options;
    const { length } = options.classes;
    this.#models = Array.from({ length: 1 + options.experts }, () => new Tally(length));
    this.#confusion = new ConfusionTally(length);
    this.#seen = new Float64Array(length);
  }

  add({ logits, labels }: Pick<Observation, "logits" | "labels">): void {
    if (logits.length !== this.#options.experts)
      throw new RangeError(
        `AccuracyMeter: expected logits of ${this.#options.experts} experts, received ${logits.length}`,
      );
    using _scope = scope();
    using _noGrad = noGrad();
    const models = withEnsemble(logits);
    this.#lossSum += models
      .select(0, 0)
      .to({ dtype: "float64" })
      .crossEntropyLoss(labels, { reduction: SUM })
      .item();
    this.#countTop5(models, labels);
    this.#countPredictions(models.argmax({ dim: 2 }), labels);
  }

  /** The scores of everything added so far; at least one batch. */
  result(): EvaluationResult {
    const options = this.#options;
    const seen = this.#seen;
    const images = sum(seen);
    if (images === 0) throw new RangeError("AccuracyMeter: nothing was added");
    const groupOfClass = groupOf(options.counts, options.groups);
    const [ensemble, ...experts] = this.#models.map(({ correct, predicted, top5 }) => ({
      ...groupAccuracy({ seen, correct }, groupOfClass),
      ...classScores({ seen, correct, predicted }),
      top5: (100 * top5) / images,
    })) as [ModelScores, ...ModelScores[]];
    return {
      ensemble,
      experts,
      perClass: this.#perClass(),
      confusion: this.#confusion.result(),
      loss: this.#lossSum / images,
      images,
      groups: options.groups,
    };
  }

  #perClass(): ClassAccuracy[] {
    const { classes, counts } = this.#options;
    return classes.map((name, c) => {
      const testImages = this.#seen[c] ?? 0;
      const accuracy = percent(this.#models[0]?.correct[c] ?? 0, testImages);
      return { name, trainImages: counts[c] ?? 0, testImages, accuracy };
    });
  }

  /** models [K + 1, N, C] */
  #countTop5(models: Tensor, labels: Tensor): void {
    const [, images, classes] = models.shape as [number, number, number];
    const [, likeliest] = models.topk(Math.min(LIKELIEST, classes), { dim: 2 }); // [K + 1, N, 5]
    const found = likeliest.eq(labels.view([1, images, 1])).sum({ dim: [1, 2] }); // [K + 1]
    const counts = found.toList();
    this.#models.forEach((model, k) => (model.top5 += counts[k] ?? 0));
  }

  /** predictions [K + 1, N] */
  #countPredictions(predictions: Tensor, labels: Tensor): void {
    const images = labels.size;
    const together = cat([labels.unsqueeze(0), predictions]).to({ dtype: "int32" });
    const values = together.toArray() as Int32Array;
    const row = (k: number): Int32Array => values.subarray(k * images, (k + 1) * images);
    const truth = row(0);
    this.#models.forEach((model, k) => {
      model.add(truth, row(k + 1));
    });
    this.#confusion.add(truth, row(1));
    for (const label of truth) increment(this.#seen, label);
  }
}
