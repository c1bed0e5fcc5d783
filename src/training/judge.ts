import type { EvaluationResult } from "../evaluation/accuracy.js";
import { AccuracyMeter } from "../evaluation/accuracy.js";
import { secondsSince } from "../support/units.js";
import { evaluateMethod } from "./evaluate.js";
import type { Emit, EvaluatedSplit } from "./events.js";
import type { Prepared } from "./prepare.js";

type Judged = Pick<Prepared, "recipe" | "method" | "ema" | "testLoader" | "heldOutLoader" | "statistics"> & {
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
};

/** Evaluates the network as it is after an epoch, and tells. Null when the signal ended it early. */
export async function judge(
  run: Judged,
  { epoch, split }: { epoch: number; split: EvaluatedSplit },
): Promise<EvaluationResult | null> {
  const { recipe, method, ema, statistics, emit, signal } = run;
  using _averages = recipe.evaluation.weights === "ema" ? ema?.applied() : null;
  const started = performance.now();
  const loader = split === "held-out" ? run.heldOutLoader! : run.testLoader;
  const { classes, counts } = statistics;
  const meter = new AccuracyMeter({
    classes,
    counts,
    experts: recipe.method.experts,
    groups: recipe.evaluation.groups,
  });
  const result = await evaluateMethod({ method, loader, meter, signal });
  if (result !== null) {
    const { confusion: _, ...scores } = result;
    emit({ type: "evaluation", epoch, split, seconds: secondsSince(started), ...scores });
  }
  return result;
}
