import type { EvaluationResult } from "../evaluation/accuracy.js";
import { maxOf } from "../support/math.js";

/** An epoch, counted from 1, and what it scored, in percent. */
export interface BestEpoch {
  readonly epoch: number;
  readonly score: number;
}

/**
 * What the reference reports (NCL's code keeps the best of each over all evaluations, on the test images).
 *
 * @example
 * const { bestOnTest } = JSON.parse(readFileSync("runs/mine/result.json", "utf8")) as RunResult;
 */
export interface BestOnTest {
  readonly ensemble: BestEpoch;
  /** Of all experts. */
  readonly single: BestEpoch;
}

/** Which epoch's network a run is about to hand over: by the mean accuracy over the classes, the earlier of equals. */
export function betterEpoch(
  best: BestEpoch | null,
  { epoch, result }: { epoch: number; result: EvaluationResult },
): BestEpoch | null {
  const score = result.ensemble.balanced;
  return best !== null && best.score >= score ? best : { epoch, score };
}

/** The best so far of the ensemble and of any single expert, by the accuracy over all images. */
export function bestOnTest(
  best: BestOnTest | null,
  { epoch, result }: { epoch: number; result: EvaluationResult },
): BestOnTest {
  const better = (known: BestEpoch | undefined, score: number): BestEpoch =>
    known !== undefined && known.score >= score ? known : { epoch, score };
  return {
    ensemble: better(best?.ensemble, result.ensemble.all),
    single: better(best?.single, maxOf(result.experts.map(({ all }) => all))),
  };
}
