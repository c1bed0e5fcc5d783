import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { KernelChoice } from "../torch/native.js";
import { ALONE, type Peers } from "../distributed/peers.js";
import { secondsSince } from "../support/units.js";
import { CheckpointClock } from "./checkpoint-clock.js";
import { conclude, type Conclusion } from "./conclude.js";
import { runEvent } from "./describe.js";
import { trainEpochs } from "./epochs.js";
import { emitter, type EndEvent, type Listener } from "../runs/events.js";
import type { MlflowSettings } from "../logs/mlflow/settings.js";
import { openRun } from "./open-run.js";
import { Agreement } from "./distributed/agreement.js";
import { assertSameTraining } from "./distributed/same-training.js";
import { applySettings, prepare, type Prepared } from "./prepare.js";
import { canResume } from "./resume.js";
import { assertFree, type RunFolder, type Versions, writeAnalysis, writeResult } from "../runs/run-folder.js";

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
  /** An MLflow server that is told besides (logs/mlflow/settings.ts). */
  readonly mlflow?: MlflowSettings | undefined;
  /** Ends the run after the current step, with a checkpoint; before the first one its reason is thrown. */
  readonly signal?: AbortSignal;
  /** The processes that train together: each calls this with the same options. The first one alone writes files. */
  readonly peers?: Peers | undefined;
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

/** Trains one recipe into one folder. */
export async function trainRun(options: TrainOptions): Promise<TrainResult> {
  const { recipe, out, signal, peers = ALONE } = options;
  const started = performance.now();
  const { resume: mayResume = false, force = false } = options;
  const isFirst = peers.rank === 0;
  const resumes = isFirst && mayResume && canResume(out);
  if (isFirst && !resumes) assertFree(out, { force, resume: mayResume });
  const device = applySettings(recipe, { ...options, device: options.device ?? "cpu" });
  using prepared = await prepare(recipe, device, { report: emitter(options.listeners), signal, peers });
  await assertSameTraining(prepared, peers);
  using opened = await openRun(prepared, options, { resumes });
  const { folder, progress, warnings } = opened;
  const emit = emitter([opened.hear, ...options.listeners]);
  const end = async (reason: EndEvent["reason"], message: string | null): Promise<EndSummary> => {
    await opened.finish(reason);
    const summary = { seconds: secondsSince(started), peakMemory: process.resourceUsage().maxRSS * 1024 };
    emit({ type: "end", reason, message, ...summary });
    return summary;
  };

  try {
    emit(runEvent(prepared, folder, progress));
    for (const message of [...leftOut(prepared), ...slowPrecision(prepared), ...warnings])
      emit({ type: "warning", message });
    const clock = new CheckpointClock(recipe.checkpoints);
    const agreement = new Agreement(peers, signal);
    const run = { ...prepared, folder, from: progress, clock, emit, agreement, signal: agreement.signal };
    const conclusion = await conclude(run, await trainEpochs(run));
    if (conclusion !== null && isFirst) writeDown(folder, conclusion, secondsSince(started));
    const reason = conclusion === null ? "interrupted" : "finished";
    return {
      reason,
      folder,
      evaluation: conclusion?.result.evaluation ?? null,
      ...(await end(reason, null)),
    };
  } catch (error) {
    await endQuietly(() => end("failed", (error as Error).message));
    throw error;
  }
}

function writeDown(folder: RunFolder, { analysis, result }: Conclusion, seconds: number): void {
  writeAnalysis(folder, analysis);
  writeResult(folder, { ...result, seconds });
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

/** What asks for a precision that this device emulates. */
function slowPrecision({ recipe, device }: Prepared): string[] {
  if (recipe.precision !== "float16" || device !== "cpu") return [];
  return [
    "precision: float16 is for GPUs; the CPU computes it more slowly than float32 and gains nothing by it.",
  ];
}

type EndSummary = Pick<EndEvent, "seconds" | "peakMemory">;

/** The end of a failed run must not hide why it failed, should a listener fail as well. */
async function endQuietly(end: () => Promise<unknown>): Promise<void> {
  try {
    await end();
  } catch {
    // The first error is the one to report.
  }
}
