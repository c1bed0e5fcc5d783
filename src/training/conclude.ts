import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { Analysis } from "../evaluation/analysis.js";
import type { RunFolder, RunResult } from "../runs/run-folder.js";
import { CheckpointError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import { type Checkpoint, readCheckpoint } from "./checkpoint.js";
import { shareWeights } from "./distributed/share-state.js";
import type { EpochsResult, Run } from "./epochs.js";
import { evaluateSplit, type Evaluation } from "./evaluate-split.js";

/** A run's result, without its duration, and the analysis of the same predictions. */
export interface Conclusion {
  readonly result: Omit<RunResult, "seconds" | keyof EvaluationResult> & {
    readonly evaluation: EvaluationResult;
  };
  readonly analysis: Analysis;
}

/**
 * Evaluates the network of the selected epoch, and the last one beside it, on the test images. Null when the run was
 * interrupted before its end or here.
 */
export async function conclude(run: Run, { progress, evaluation }: EpochsResult): Promise<Conclusion | null> {
  const { epochs, training } = run;
  const { selection } = training.recipe;
  if (progress.epoch < epochs || evaluation === null) return null;
  const { kind } = selection;
  const { best, bestOnTest } = progress;
  const isLast = best === null || best.epoch === epochs;
  const last =
    kind === "held-out" ? await evaluateOnTest(run, { epoch: epochs, analyze: isLast }) : evaluation;
  if (last === null) return null;
  const selected = isLast ? last : await evaluateCheckpoint(run, best.epoch);
  if (selected === null) return null;
  const { ensemble, experts } = last.evaluation;
  const result = {
    evaluation: selected.evaluation,
    selectedOn: kind === "last" ? ("last-epoch" as const) : kind,
    epoch: best?.epoch ?? epochs,
    selectionScore: best?.score ?? null,
    lastEpoch: { epoch: epochs, ensemble, experts },
    bestOnTest,
  };
  return { result, analysis: selected.analysis! };
}

/** Evaluates the checkpoint of the best epoch. */
async function evaluateCheckpoint(run: Run, epoch: number): Promise<Evaluation | null> {
  const { training, folder } = run;
  {
    using _scope = scope();
    if (training.peers.rank === 0) {
      const best = readBest(folder, epoch);
      training.trainee.loadWeights(best, best.path);
    }
    shareWeights(training);
  }
  return evaluateOnTest(run, { epoch, analyze: true });
}

/** The numbers of one epoch must never stand beside the network of another. */
function readBest({ bestCheckpoint }: RunFolder, epoch: number): Checkpoint {
  const best = readCheckpoint(bestCheckpoint);
  if (best.epoch === epoch) return best;
  throw new CheckpointError(
    `${bestCheckpoint}: expected the network of epoch ${epoch}, which was selected, found that of epoch ${best.epoch}.`,
  );
}

async function evaluateOnTest(
  run: Run,
  { epoch, analyze }: { epoch: number; analyze: boolean },
): Promise<Evaluation | null> {
  return evaluateSplit(run.training, { ...run, epoch, split: "test", analyze });
}
