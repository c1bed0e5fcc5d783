import { AccuracyMeter, type EvaluationResult } from "../evaluation/accuracy.js";
import { AnalysisMeter, type FittedTemperatures } from "../evaluation/analysis/analysis-meter.js";
import type { Analysis } from "../evaluation/analysis.js";
import { secondsSince } from "../support/units.js";
import { evaluateMethod, type EvaluateOptions } from "./evaluate.js";
import type { Agreement } from "./distributed/agreement.js";
import { shareBuffers } from "./distributed/share-state.js";
import type { Emit, EvaluatedSplit } from "../runs/events.js";
import { fitTemperatures } from "./fit-temperatures.js";
import type { Prepared } from "./prepare.js";

type Judged = Pick<
  Prepared,
  "recipe" | "method" | "ema" | "testLoader" | "heldOutLoader" | "heldOut" | "statistics" | "peers"
> & {
  readonly emit: Emit;
  readonly agreement: Agreement;
  readonly signal: AbortSignal | undefined;
};

/** Temperatures that say different things; a single model's own is the global one. */
const ONE_MODEL = ["global", "group"] as const;
const ENSEMBLE = ["global", "group", "expert"] as const;

/** What a network does on a split. */
export interface Judgement {
  readonly evaluation: EvaluationResult;
  /** Null unless asked for. */
  readonly analysis: Analysis | null;
}

/**
 * Evaluates the network as it is after an epoch, and tells. With `analyse` the same pass gives the analysis; temperatures
 * come from a pass over the held-out images before it, where there are some. Null when the signal ended it early.
 */
export async function judge(
  run: Judged,
  { epoch, split, analyse = false }: { epoch: number; split: EvaluatedSplit; analyse?: boolean },
): Promise<Judgement | null> {
  const { recipe, method, ema, statistics, emit, signal } = run;
  using _averages = recipe.evaluation.weights === "ema" ? ema?.applied() : null;
  shareBuffers(run);
  const loader = split === "held-out" ? run.heldOutLoader! : run.testLoader;
  const { classes, counts } = statistics;
  const options = { classes, counts, experts: recipe.method.experts, groups: recipe.evaluation.groups };
  const fitted = analyse ? await fitOnHeldOut(run) : null;
  if (signal?.aborted) return null;
  const analysis = analyse ? new AnalysisMeter(options, fitted) : null;
  const accuracy = new AccuracyMeter(options);
  const started = performance.now();
  const meters = analysis === null ? [accuracy] : [accuracy, analysis];
  if (!(await evaluateMethod({ method, loader, meters, signal, ...together(run) }))) return null;
  const evaluation = accuracy.result();
  const { confusion: _, ...scores } = evaluation;
  emit({ type: "evaluation", epoch, split, seconds: secondsSince(started), ...scores });
  return { evaluation, analysis: analysis?.result() ?? null };
}

/** How the processes judge a piece of every batch each. */
function together({ peers, agreement }: Judged): Pick<EvaluateOptions, "peers" | "settle"> {
  return {
    peers,
    settle: () => {
      agreement.any(false);
    },
  };
}

/** Null where no images are held out, and when the signal ended it early. */
async function fitOnHeldOut(run: Judged): Promise<FittedTemperatures | null> {
  const { heldOut, heldOutLoader: loader, statistics, recipe } = run;
  if (heldOut === null || loader === null) return null;
  const kinds = recipe.method.experts === 1 ? ONE_MODEL : ENSEMBLE;
  const { counts } = statistics;
  return fitTemperatures({
    ...run,
    ...together(run),
    counts,
    heldOut: { images: heldOut.size, loader },
    kinds,
  });
}
