import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { Analysis } from "../evaluation/analysis.js";
import { CheckpointError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import { type Checkpoint, readCheckpoint } from "./checkpoint.js";
import type { Reached, Run } from "./epochs.js";
import { judge, type Judgement } from "./judge.js";
import { shareWeights } from "./distributed/share-state.js";
import { restoreWeights } from "./resume.js";
import type { RunFolder, RunResult } from "../runs/run-folder.js";

/** A run's result, without its duration, and the analysis of the same answers. */
export interface Conclusion {
  readonly result: Omit<RunResult, "seconds" | keyof EvaluationResult> & {
    readonly evaluation: EvaluationResult;
  };
  readonly analysis: Analysis;
}

/**
 * Judges the network of the selected epoch, and the last one beside it, on the test images. Null when the run was
 * interrupted before its end or here.
 */
export async function conclude(run: Run, { progress, judgement }: Reached): Promise<Conclusion | null> {
  const { epochs } = run.recipe;
  if (progress.epoch < epochs || judgement === null) return null;
  const { kind } = run.recipe.selection;
  const { best, bestOnTest } = progress;
  const isLast = best === null || best.epoch === epochs;
  const last = kind === "held-out" ? await judgeOnTest(run, epochs, { analyse: isLast }) : judgement;
  if (last === null) return null;
  const selected = isLast ? last : await judgeBest(run, best.epoch);
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

async function judgeBest(run: Run, epoch: number): Promise<Judgement | null> {
  {
    using _scope = scope();
    if (run.peers.rank === 0) restoreWeights(run, readBest(run.folder, epoch));
    shareWeights(run);
  }
  return judgeOnTest(run, epoch, { analyse: true });
}

/** The numbers of one epoch must never stand beside the network of another. */
function readBest({ bestCheckpoint }: RunFolder, epoch: number): Checkpoint {
  const best = readCheckpoint(bestCheckpoint);
  if (best.epoch === epoch) return best;
  throw new CheckpointError(
    `${bestCheckpoint}: expected the network of epoch ${epoch}, which was selected, found that of epoch ${best.epoch}.`,
  );
}

async function judgeOnTest(
  run: Run,
  epoch: number,
  { analyse }: { analyse: boolean },
): Promise<Judgement | null> {
  return judge(run, { epoch, split: "test", analyse });
}
