import { classStatistics } from "../data/statistics.js";
import { AccuracyMeter, type EvaluationResult } from "../evaluation/accuracy.js";
import type { Analysis, Temperature } from "../evaluation/analysis.js";
import { AnalysisMeter, type FittedTemperatures } from "../evaluation/analysis/analysis-meter.js";
import type { Emit, EvaluatedSplit } from "../runs/events.js";
import { secondsSince } from "../support/units.js";
import type { Agreement } from "./distributed/agreement.js";
import { shareBuffers } from "./distributed/share-state.js";
import { runMeters, type RunMetersOptions } from "./evaluate.js";
import { fitTemperatures } from "./fit-temperatures.js";
import type { Training } from "./prepare.js";

/** Temperatures that say different things; a single model's own is the global one. */
const ONE_MODEL = ["global", "group"] as const;
const ENSEMBLE = ["global", "group", "expert"] as const;

/** The result of evaluating a network on a split. */
export interface Evaluation {
  readonly evaluation: EvaluationResult;
  /** Null unless asked for. */
  readonly analysis: Analysis | null;
}

interface EvaluateSplitOptions {
  /** Counted from 1. */
  readonly epoch: number;
  readonly split: EvaluatedSplit;
  readonly analyze?: boolean;
  readonly emit: Emit;
  readonly agreement: Agreement;
}

/**
 * Evaluates the network as it is after an epoch, and emits the result. With `analyze` the same pass gives the analysis;
 * temperatures come from a pass over the held-out images before it, where there are some. Null when the signal ended it.
 */
export async function evaluateSplit(
  training: Training,
  { epoch, split, analyze = false, emit, agreement }: EvaluateSplitOptions,
): Promise<Evaluation | null> {
  const { recipe, trainee, loaders, data, peers } = training;
  const { signal } = agreement;
  using _averages = recipe.evaluation.weights === "ema" ? trainee.ema?.applied() : null;
  shareBuffers(training);
  const { classes, counts } = data.statistics;
  const options = { classes, counts, experts: recipe.method.experts, groups: recipe.evaluation.groups };
  const shared = { signal, peers, settle: () => void agreement.any(false) };
  const kinds = recipe.method.experts === 1 ? ONE_MODEL : ENSEMBLE;
  const fitted = analyze ? await fitOnHeldOut(training, { ...shared, kinds }) : null;
  if (signal?.aborted) return null;
  const analysis = analyze ? new AnalysisMeter(options, fitted) : null;
  const accuracy = new AccuracyMeter(options);
  const started = performance.now();
  const meters = analysis === null ? [accuracy] : [accuracy, analysis];
  const loader = split === "held-out" ? loaders.heldOut! : loaders.test;
  if (!(await runMeters({ method: trainee.method, loader, meters, ...shared }))) return null;
  const evaluation = accuracy.result();
  const { confusion: _, ...scores } = evaluation;
  emit({ type: "evaluation", epoch, split, seconds: secondsSince(started), ...scores });
  return { evaluation, analysis: analysis?.result() ?? null };
}

interface FitOptions extends Pick<RunMetersOptions, "signal" | "peers" | "settle"> {
  readonly kinds: readonly Temperature["kind"][];
}

/** Temperatures that fit the probabilities to the held-out images. Null where there are none, and when the signal ended it early. */
export async function fitOnHeldOut(
  { recipe, trainee, loaders, data }: Pick<Training, "recipe" | "trainee" | "loaders" | "data">,
  options: FitOptions,
): Promise<FittedTemperatures | null> {
  if (data.heldOut === null || loaders.heldOut === null) return null;
  return fitTemperatures({
    ...options,
    recipe,
    method: trainee.method,
    counts: data.statistics.counts,
    trained: classStatistics(data.trainSubset).counts,
    heldOut: { images: data.heldOut.size, loader: loaders.heldOut },
  });
}
