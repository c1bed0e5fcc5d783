import { existsSync } from "node:fs";
import { checkedWeights, readClassWeights } from "../data/class-weights.js";
import { groupOf } from "../data/groups.js";
import { AccuracyMeter, type EvaluationResult, type Measurement } from "../evaluation/accuracy.js";
import { transformed } from "../evaluation/meter.js";
import type { GroupAccuracy } from "../evaluation/scores.js";
import { reweightedAccuracy, TARGETS, targetShares } from "../evaluation/shift/targets.js";
import { UsageError } from "../support/errors.js";
import { nearest } from "../support/text.js";
import { priorAdjustment } from "../training/implied-prior.js";
import { accuracyOptions, type Trained } from "../training/trained.js";

/**
 * Class frequencies that predictions are adjusted to: all classes alike, as in training, the training's turned over (the
 * largest class as rare as the smallest was), a JSON or CSV file of a weight for each class, or the weights by class name.
 *
 * @example
 * await model.predict("photo.jpg", { prior: { cat: 9, dog: 1 } });
 */
export type PriorTarget = "uniform" | "train" | "reversed" | (string & {}) | Readonly<Record<string, number>>;

/**
 * Class frequencies that an evaluation was adjusted to.
 *
 * @example
 * const prior: Prior = { name: "weights", shares: [9, 1] };
 */
export interface Prior {
  /** uniform, train, reversed, a file's name or "weights". */
  readonly name: string;
  /** [C], in proportion. */
  readonly shares: readonly number[];
}

/**
 * Accuracy of logits that were adjusted to other class frequencies.
 *
 * @example
 * const { prior } = await evaluate("runs/mine", { prior: "uniform" });
 * console.log(prior?.adjusted.ensemble.few);
 */
export interface PriorResult extends Prior {
  /** Scores of the adjusted logits on the images as they are. */
  readonly adjusted: Pick<EvaluationResult, "ensemble" | "experts">;
  /** Accuracy with each class weighted by its share in the target, of the logits as trained and adjusted. */
  readonly weighted: { readonly asTrained: GroupAccuracy; readonly adjusted: GroupAccuracy };
}

/** @throws UsageError for what is neither a target nor a file; DataError for weights that are not right. */
export function priorFrom(target: PriorTarget, { description }: Pick<Trained, "description">): Prior {
  const { counts, classes } = description;
  if (typeof target !== "string") {
    const entries = Object.entries(target).map(([name, value]) => ({ name, value, where: "prior" }));
    return { name: "weights", shares: checkedWeights(entries, { classes, source: "prior" }) };
  }
  const known = TARGETS.find((one) => one === target);
  if (known !== undefined) return { name: target, shares: targetShares(known, counts) };
  if (existsSync(target)) return { name: target, shares: readClassWeights(target, classes) };
  const meant = nearest(target, TARGETS);
  throw new UsageError(
    `prior ${target}: expected ${TARGETS.join(", ")} or a JSON or CSV file of a weight for each class, found none of ` +
      `that name.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
  );
}

/** Measures the adjusted logits on the images as they are, and as these would weigh in the target. */
export function measurePrior(trained: Trained, prior: Prior): Measurement<"prior", PriorResult> {
  const options = accuracyOptions(trained);
  const accuracy = new AccuracyMeter(options);
  const groupOfClass = groupOf(options.counts, options.groups);
  const weighted = ({ perClass }: Pick<EvaluationResult, "perClass">): GroupAccuracy =>
    reweightedAccuracy(perClass, { shares: prior.shares, groupOfClass });
  return {
    meters: [transformed(accuracy, priorAdjustment(trained, prior.shares))],
    finish: (asTrained) => {
      const { ensemble, experts, ...adjusted } = accuracy.result();
      return {
        prior: {
          ...prior,
          adjusted: { ensemble, experts },
          weighted: { asTrained: weighted(asTrained), adjusted: weighted(adjusted) },
        },
      };
    },
  };
}
