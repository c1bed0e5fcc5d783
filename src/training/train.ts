import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { KernelChoice } from "../torch/native.js";
import { secondsSince } from "../support/units.js";
import { CheckpointClock } from "./checkpoint-clock.js";
import type { Progress } from "./checkpoint.js";
import { conclude } from "./conclude.js";
import { continueFrom } from "./continue.js";
import { describeRun, runEvent } from "./describe.js";
import { trainEpochs } from "./epochs.js";
import { emitter } from "./events.js";
import type { EndEvent, Listener } from "./events.js";
import { RunLogs } from "./logs/run-logs.js";
import { rewindMetrics } from "./metrics.js";
import { applySettings, prepare } from "./prepare.js";
import type { Prepared } from "./prepare.js";
import { canResume, resume } from "./resume.js";
import type { Resumed } from "./resume.js";
import { assertFree, createRunFolder, runFolder, writeAnalysis, writeResult } from "./run-folder.js";
import type { RunFolder, Versions } from "./run-folder.js";
import { lockRun } from "./run-lock.js";

export interface TrainOptions {
  readonly recipe: ResolvedRecipe;
  /** The run's folder; see `freshRunFolder` for one that is free. */
  readonly out: string;
  readonly listeners: readonly Listener[];
  readonly versions: Versions;
  readonly command: readonly string[];
  readonly device?: string; // "cpu"
  readonly threads?: number | undefined; // libtorch's own choice
  readonly kernels?: KernelChoice | undefined; // as it is set
  /** Moves a run that lies in `out` aside instead of refusing. */
  readonly force?: boolean;
  /** Goes on with the run that lies in `out`; starts when there is none. */
  readonly resume?: boolean;
  /** A checkpoint of NCL's PyTorch code to go on from. */
  readonly from?: string | undefined;
  /** Ends the run after the current step, with a checkpoint; before the first one its reason is thrown. */
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly reason: "finished" | "interrupted";
  readonly folder: RunFolder;
  /** Of the selected epoch; null when interrupted. */
  readonly evaluation: EvaluationResult | null;
  readonly seconds: number;
  /** The process's largest resident set, in bytes. */
  readonly peakMemory: number;
}

const BEGINNING: Progress = { epoch: 0, step: 0, sums: null, best: null, bestOnTest: null };

/** Trains one recipe into one folder. */
export async function trainRun(options: TrainOptions): Promise<TrainResult> {
  const { recipe, out, signal } = options;
  const started = performance.now();
  const { resume: mayResume = false, force = false } = options;
  const resumes = mayResume && canResume(out);
  if (!resumes) assertFree(out, { force, resume: mayResume });
  const device = applySettings(recipe, { ...options, device: options.device ?? "cpu" });
  using prepared = await prepare(recipe, device, { report: emitter(options.listeners), signal });
  const beginning = resumes ? null : begin(prepared, options);
  const folder = resumes
    ? runFolder(out)
    : createRunFolder(out, describeRun(prepared, options), { resume: mayResume });
  using _lock = lockRun(out);
  if (beginning !== null) rewindMetrics(folder.metrics, BEGINNING); // of a run without a checkpoint
  const { progress, warnings } = beginning ?? resume(prepared, folder);
  using logs = new RunLogs(folder, recipe.logs);
  const emit = emitter([(event) => logs.hear(event), ...options.listeners]);
  const end = (reason: EndEvent["reason"], message: string | null): EndSummary => {
    const summary = { seconds: secondsSince(started), peakMemory: process.resourceUsage().maxRSS * 1024 };
    emit({ type: "end", reason, message, ...summary });
    return summary;
  };

  try {
    emit(runEvent(prepared, folder, progress));
    for (const message of [...leftOut(prepared), ...warnings]) emit({ type: "warning", message });
    const clock = new CheckpointClock(recipe.checkpoints);
    const run = { ...prepared, folder, from: progress, clock, emit, signal };
    const conclusion = await conclude(run, await trainEpochs(run));
    if (conclusion !== null) {
      writeAnalysis(folder, conclusion.analysis);
      writeResult(folder, { ...conclusion.result, seconds: secondsSince(started) });
    }
    const reason = conclusion === null ? "interrupted" : "finished";
    return { reason, folder, evaluation: conclusion?.result.evaluation ?? null, ...end(reason, null) };
  } catch (error) {
    endQuietly(() => end("failed", (error as Error).message));
    throw error;
  }
}

/** The state of a run that starts, or goes on from a checkpoint of NCL's PyTorch code. */
function begin(prepared: Prepared, { from }: TrainOptions): Resumed {
  const epoch = from === undefined ? 0 : continueFrom(prepared, from);
  return { progress: { ...BEGINNING, epoch }, warnings: [] };
}

/** What is not trained or judged on because it is not usable (data.strict=false). */
function leftOut({ data }: Prepared): string[] {
  return [data.train, data.test].flatMap(({ split, skipped }) =>
    skipped === undefined || skipped.count === 0
      ? []
      : [
          `${skipped.count} ${split} images are left out: ${skipped.examples.slice(0, 3).join("; ")}${skipped.count > 3 ? "; …" : ""}`,
        ],
  );
}

type EndSummary = Pick<EndEvent, "seconds" | "peakMemory">;

/** The end of a failed run must not hide why it failed, should a listener fail as well. */
function endQuietly(end: () => void): void {
  try {
    end();
  } catch {
    // The first error is the one to report.
  }
}
