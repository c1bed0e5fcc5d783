import { AccuracyMeter, type EvaluationResult, type Measurement } from "../evaluation/accuracy.js";
import { type LogitTransform, transformed } from "../evaluation/meter.js";
import { Ensemble } from "../models/ensemble.js";
import { Linear } from "../nn/linear.js";
import { UsageError } from "../support/errors.js";
import { tensor } from "../torch/create.js";
import { scope } from "../torch/scope.js";
import { accuracyOptions, type Trained } from "../training/trained.js";

/**
 * Scores of classifiers that were normalized with one τ.
 *
 * @example
 * const { tau } = await evaluate("runs/mine", { tau: [0.5, 1] });
 * for (const { tau: value, ensemble } of tau ?? []) console.log(value, ensemble.few);
 */
export interface TauResult extends Pick<EvaluationResult, "ensemble" | "experts"> {
  readonly tau: number;
}

/**
 * τ-normalization of linear classifiers: each class's row w and bias are divided by ‖w‖^τ, so that large classes lose what
 * the length of their rows gives them. τ = 0 changes nothing, τ = 1 makes all rows equally long. Kang et al.,
 * "Decoupling representation and classifier for long-tailed recognition", ICLR 2020, section 4.3, who leave the bias out.
 * @throws UsageError for a classifier whose rows have no length of their own.
 */
export function tauNormalization({ path, method, description }: Trained): (tau: number) => LogitTransform {
  const { kind } = description.recipe.classifier;
  const { model } = method;
  const layers = model instanceof Ensemble ? model.classifiers : [];
  const rows = layers.flatMap((layer) => (layer instanceof Linear ? [layer.weight] : []));
  if (rows.length === 0)
    throw new UsageError(
      `tau: expected a linear classifier (classifier.kind=fc), found ${kind} in ${path}, which brings the rows of all ` +
        "classes to length 1 by itself.",
    );
  using _scope = scope();
  const lengths = rows.map((weight) => weight.linalgVectorNorm({ dim: [1] }).toList()); // [K][C]
  return (tau) => {
    if (!(tau >= 0 && tau < Infinity)) throw new UsageError(`tau: expected numbers >= 0, found ${tau}.`);
    const factors = lengths.map((ofExpert) => Float32Array.from(ofExpert, (length) => length ** -tau));
    return (logits) => logits.map((expert, k) => expert.mul(tensor(factors[k]!, { device: expert.device })));
  };
}

/** Measures τ-normalized classifiers, one for each τ. @throws UsageError for classifiers without it */
export function measureTau(trained: Trained, taus: readonly number[]): Measurement<"tau", TauResult[]> {
  const normalization = tauNormalization(trained);
  const variants = taus.map((tau) => ({ tau, accuracy: new AccuracyMeter(accuracyOptions(trained)) }));
  return {
    meters: variants.map(({ tau, accuracy }) => transformed(accuracy, normalization(tau))),
    finish: () => ({
      tau: variants.map(({ tau, accuracy }) => {
        const { ensemble, experts } = accuracy.result();
        return { tau, ensemble, experts };
      }),
    }),
  };
}
