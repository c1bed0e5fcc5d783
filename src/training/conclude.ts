import type { EvaluationResult } from "../evaluation/accuracy.js";
import { scope } from "../torch/scope.js";
import { readCheckpoint } from "./checkpoint.js";
import type { Reached, Run } from "./epochs.js";
import { judge } from "./judge.js";
import { restoreWeights } from "./resume.js";
import type { RunResult } from "./run-folder.js";

/** A run's result, without its duration. */
export type Conclusion = Omit<RunResult, "seconds" | keyof EvaluationResult> & {
  readonly evaluation: EvaluationResult;
};

/**
 * Judges the network of the selected epoch, and the last one beside it, on the test images. Null when the run was
 * interrupted before its end or here.
 */
export async function conclude(run: Run, { progress, evaluation }: Reached): Promise<Conclusion | null> {
  const { epochs } = run.recipe;
  if (progress.epoch < epochs || evaluation === null) return null;
  const { kind } = run.recipe.selection;
  const last = kind === "held-out" ? await judge(run, { epoch: epochs, split: "test" }) : evaluation;
  if (last === null) return null;
  const { best, bestOnTest } = progress;
  const selected = best === null || best.epoch === epochs ? last : await judgeBest(run, best.epoch);
  if (selected === null) return null;
  return {
    evaluation: selected,
    selectedOn: kind === "last" ? "last-epoch" : kind,
    epoch: best?.epoch ?? epochs,
    selectionScore: best?.score ?? null,
    lastEpoch: { epoch: epochs, ensemble: last.ensemble, experts: last.experts },
    bestOnTest,
  };
}

async function judgeBest(run: Run, epoch: number): Promise<EvaluationResult | null> {
  {
    using _scope = scope();
    restoreWeights(run, readCheckpoint(run.folder.bestCheckpoint));
  }
  return judge(run, { epoch, split: "test" });
}
