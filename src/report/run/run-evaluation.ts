import type { EvaluationResult } from "../../evaluation/accuracy.js";
import { groupOf, type Group } from "../../data/groups.js";
import type { Confusion } from "../../evaluation/tally.js";
import type { EvaluatedSplit } from "../../runs/events.js";
import type { RunResult } from "../../runs/run-folder.js";
import type { History } from "./history.js";

/** What a run's network does: that of its result or, before there is one, of its last evaluation. */
export interface RunEvaluation extends Omit<EvaluationResult, "confusion"> {
  /** null for an evaluation on the way. */
  readonly confusion: Confusion | null;
  readonly epoch: number;
  readonly split: EvaluatedSplit;
  /** How the epoch was chosen; null for a run that has not ended. */
  readonly selection: Pick<
    RunResult,
    "selectedOn" | "selectionScore" | "lastEpoch" | "bestOnTest" | "seconds"
  > | null;
  /** By class. */
  readonly groupOfClass: readonly Group[];
}

export function evaluationOf(result: RunResult | null, { lastEvaluation }: History): RunEvaluation | null {
  if (result !== null) {
    const { selectedOn, selectionScore, lastEpoch, bestOnTest, seconds, ...scores } = result;
    const selection = { selectedOn, selectionScore, lastEpoch, bestOnTest, seconds };
    return { ...scores, split: "test", selection, groupOfClass: groupsOf(scores) };
  }
  if (lastEvaluation === null) return null;
  return { ...lastEvaluation, confusion: null, selection: null, groupOfClass: groupsOf(lastEvaluation) };
}

function groupsOf({ perClass, groups }: Pick<EvaluationResult, "perClass" | "groups">): Group[] {
  return groupOf(
    perClass.map(({ trainImages }) => trainImages),
    groups,
  );
}
