import { existsSync } from "node:fs";
import { readClassWeights } from "../../data/class-weights.js";
import { AccuracyMeter, type EvaluationResult } from "../../evaluation/accuracy.js";
import { groupOf } from "../../data/groups.js";
import { type LogitTransform, transformed } from "../../evaluation/meter.js";
import { shiftLogits } from "../../evaluation/shift/shares.js";
import { reweightedAccuracy, TARGETS, targetShares } from "../../evaluation/shift/targets.js";
import { groupTable } from "../../evaluation/results-table.js";
import type { GroupAccuracy } from "../../evaluation/scores.js";
import { DataError, UsageError } from "../../support/errors.js";
import { nearest } from "../../support/nearest.js";
import { describeImpliedPrior, impliedPrior } from "../../training/implied-prior.js";
import { accuracyOptions, type Trained } from "../../inference/trained.js";
import type { Addition } from "./addition.js";

/** The shares of the classes that answers are wanted for. */
export interface Target {
  /** uniform, train, reversed or a file's name. */
  readonly name: string;
  /** [C], in proportion. */
  readonly shares: readonly number[];
}

/** @throws UsageError for what is neither a target nor a file; DataError for a file that is not right. */
export function targetNamed(name: string, { description }: Trained): Target {
  const { counts, classes } = description;
  const known = TARGETS.find((target) => target === name);
  if (known !== undefined) return { name, shares: targetShares(known, counts) };
  if (existsSync(name)) return { name, shares: readClassWeights(name, classes) };
  const meant = nearest(name, TARGETS);
  throw new UsageError(
    `--prior ${name}: expected ${TARGETS.join(", ")} or a JSON or CSV file of a weight for each class, found none of ` +
      `that name.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
  );
}

/**
 * Post-hoc logit adjustment: makes logits stand for the target's shares of the classes.
 * @throws DataError for a class that was never trained on
 */
export function adjustment({ method, description }: Trained, { shares }: Target): LogitTransform {
  const { recipe, counts, classes } = description;
  const unknown = counts.indexOf(0);
  if (unknown >= 0)
    throw new DataError(
      `--prior: expected training images of every class, found none of "${classes[unknown]!}": what its logit stands for ` +
        "is not known.",
    );
  return shiftLogits(shares, impliedPrior(method, recipe, counts));
}

/** What the adjusted logits answer; on the test images as they are, and as they would weigh in the target. */
export function priorAddition(trained: Trained, target: Target): Addition {
  const options = accuracyOptions(trained);
  const accuracy = new AccuracyMeter(options);
  const groupOfClass = groupOf(options.counts, options.groups);
  const weighted = ({ perClass }: Pick<EvaluationResult, "perClass">): GroupAccuracy =>
    reweightedAccuracy(perClass, { shares: target.shares, groupOfClass });
  return {
    meters: [transformed(accuracy, adjustment(trained, target))],
    finish: (asTrained) => {
      const adjusted = accuracy.result();
      const weightedTo = { asTrained: weighted(asTrained), adjusted: weighted(adjusted) };
      const table = groupTable("accuracy of the ensemble, %", [
        ["as trained, on the images as they are", asTrained.ensemble],
        ["adjusted, on the images as they are", adjusted.ensemble],
        [`as trained, classes weighted to ${target.name}`, weightedTo.asTrained],
        [`adjusted, classes weighted to ${target.name}`, weightedTo.adjusted],
      ]);
      const { ensemble, experts } = adjusted;
      const standFor = describeImpliedPrior(trained.method, trained.description.recipe);
      return {
        text: `${standFor}; adjusted to ${target.name}\n\n${table}`,
        json: { prior: { ...target, adjusted: { ensemble, experts }, weighted: weightedTo } },
      };
    },
  };
}
