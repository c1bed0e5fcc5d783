import { ALONE } from "../distributed/peers.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { emitter, type EndEvent, type Listener } from "../runs/events.js";
import { assertFree, type RunFolder, type Versions, writeAnalysis, writeResult } from "../runs/run-folder.js";
import { secondsSince } from "../support/units.js";
import { Checkpointer } from "./checkpointer.js";
import { conclude, type Conclusion } from "./conclude.js";
import { Agreement } from "./distributed/agreement.js";
import { assertSameTraining } from "./distributed/same-training.js";
import { trainEpochs } from "./epochs.js";
import { openRun, runEvent } from "./open-run.js";
import { applySettings, prepare, type Training } from "./prepare.js";
import { canResume } from "./resume.js";
import { executionFrom, type RunSettings } from "./settings.js";

export interface TrainOptions extends RunSettings {
  readonly recipe: ResolvedRecipe;
  readonly listeners: readonly Listener[];
  readonly versions: Versions;
  /** The command line, program first; empty when started from code. */
  readonly command: readonly string[];
  /** Ends the run after the current step, with a checkpoint; before the first one its reason is thrown. */
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly reason: "finished" | "interrupted";
  readonly folder: RunFolder;
  /** Evaluation of the selected epoch; null when interrupted. */
  readonly evaluation: EvaluationResult | null;
  readonly seconds: number;
  /** The process's largest resident set, in bytes. */
  readonly peakMemory: number;
}

/** Trains one recipe into one folder. */
export async function trainRun(options: TrainOptions): Promise<TrainResult> {
  const { recipe, out, signal, peers = ALONE, execution = executionFrom() } = options;
  const started = performance.now();
  const { resume: mayResume = false, force = false } = options;
  const isFirst = peers.rank === 0;
  const resumes = isFirst && mayResume && canResume(out);
  if (isFirst && !resumes) assertFree(out, { force, resume: mayResume });
  const device = applySettings(recipe, options);
  const report = emitter(options.listeners);
  using training = await prepare(recipe, device, { report, signal, peers, execution });
  await assertSameTraining(training, peers);
  using opened = await openRun(training, options, { resumes });
  const { folder, progress, warnings } = opened;
  const emit = emitter([opened.listener, ...options.listeners]);
  const end = async (reason: EndEvent["reason"], message: string | null): Promise<EndSummary> => {
    await opened.finish(reason);
    const summary = { seconds: secondsSince(started), peakMemory: process.resourceUsage().maxRSS * 1024 };
    emit({ type: "end", reason, message, ...summary });
    return summary;
  };

  try {
    emit(runEvent(training, folder, progress));
    for (const message of [...skippedImages(training), ...slowPrecision(training), ...warnings])
      emit({ type: "warning", message });
    const agreement = new Agreement(peers, signal);
    const checkpointer = new Checkpointer(recipe, { folder, emit, agreement });
    const run = { training, folder, emit, checkpointer, agreement };
    const conclusion = await conclude(run, await trainEpochs(run, progress));
    if (conclusion !== null && isFirst) write(folder, conclusion, secondsSince(started));
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

function write(folder: RunFolder, { analysis, result }: Conclusion, seconds: number): void {
  writeAnalysis(folder, analysis);
  writeResult(folder, { ...result, seconds });
}

/** Warnings of images that are not used because they cannot be (data.strict=false). */
function skippedImages({ data }: Training): string[] {
  return [data.train, data.test].flatMap(({ split, skipped }) =>
    skipped === undefined || skipped.count === 0
      ? []
      : [
          `${skipped.count} ${split} images are left out: ${skipped.examples.slice(0, 3).join("; ")}${skipped.count > 3 ? "; …" : ""}`,
        ],
  );
}

/** Warnings of a precision that this device emulates. */
function slowPrecision({ recipe, device }: Training): string[] {
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
