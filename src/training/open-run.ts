import { continueFrom } from "./continue.js";
import { describeRun } from "./describe.js";
import type { EndEvent, Listener } from "../runs/events.js";
import { RunLogs } from "../logs/run-logs.js";
import { rewindMetrics } from "../runs/metrics.js";
import { shareBeginning } from "./distributed/share-state.js";
import type { Prepared } from "./prepare.js";
import { resume, type Resumed } from "./resume.js";
import { createRunFolder, runFolder, type RunFolder } from "../runs/run-folder.js";
import { lockRun } from "../runs/run-lock.js";
import type { TrainOptions } from "./train.js";

/** A run whose folder is this process's, and what was prepared is in the state to go on from. */
export interface OpenRun extends Resumed, Disposable {
  readonly folder: RunFolder;
  /** Writes what the run tells into its folder. */
  readonly hear: Listener;
  /** Ends what goes on beside the training, before its last event. */
  readonly finish: (reason: EndEvent["reason"]) => Promise<void>;
}

const BEGINNING = { epoch: 0, step: 0, sums: null, best: null, bestOnTest: null } as const;

/** Of several processes the first has the folder; the others get its state and write nothing. */
export async function openRun(
  prepared: Prepared,
  options: TrainOptions,
  { resumes }: { resumes: boolean },
): Promise<OpenRun> {
  const folder = runFolder(options.out);
  if (prepared.peers.rank > 0) {
    const beginning = await shareBeginning(prepared, () => begin(prepared, options));
    const silent = {
      hear: () => undefined,
      finish: () => Promise.resolve(),
      [Symbol.dispose]: () => undefined,
    };
    return { ...beginning, folder, ...silent };
  }
  const fresh = resumes ? null : begin(prepared, options);
  if (fresh !== null) createRunFolder(options.out, describeRun(prepared, options), options);
  const lock = lockRun(options.out);
  try {
    if (fresh !== null) rewindMetrics(folder.metrics, BEGINNING); // of a run without a checkpoint
    const beginning = await shareBeginning(prepared, () => fresh ?? resume(prepared, folder));
    const logs = new RunLogs(folder, prepared.recipe.logs, options);
    const close = (): void => {
      logs[Symbol.dispose]();
      lock[Symbol.dispose]();
    };
    const hear: Listener = (event) => logs.hear(event);
    return { ...beginning, folder, hear, finish: (reason) => logs.finish(reason), [Symbol.dispose]: close };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** The state of a run that starts, or goes on from a checkpoint of NCL's PyTorch code. */
function begin(prepared: Prepared, { from }: TrainOptions): Resumed {
  const epoch = from === undefined || prepared.peers.rank > 0 ? 0 : continueFrom(prepared, from);
  return { progress: { ...BEGINNING, epoch }, warnings: [], randomStates: [] };
}
