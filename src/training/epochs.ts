import { setImmediate } from "node:timers/promises";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Emit, Position, Histogram, HistogramsEvent } from "../runs/events.js";
import type { RunFolder } from "../runs/run-folder.js";
import { bestOnTest, betterEpoch } from "../runs/selection.js";
import { takeWarnings } from "../torch/settings.js";
import { adjustTrained } from "./adjust.js";
import type { Progress } from "./checkpoint.js";
import type { Checkpointer } from "./checkpointer.js";
import type { Agreement } from "./distributed/agreement.js";
import { evaluateSplit, type Evaluation } from "./evaluate-split.js";
import { emitFirstBatch } from "./first-batch.js";
import type { Training } from "./prepare.js";
import { StepLog } from "./step-log.js";
import { learningRateAt, openExecutor, type StepExecutor, Steps } from "./steps.js";
import type { Module } from "../nn/module.js";
import { gradients as gradientsOf } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

const INTERVALS = 30;

/** The first convolution and the classifier of each expert, by the models' names (models/ensemble.ts). */
const ENDS = /^(backbone\.\d+\.conv1\.weight|classifier(_ce)?\.\d+\..*)$/;

/** Emits histograms of the weights after an epoch, counted from 1, where the recipe wants them (logs.histogramsEvery). */
function emitHistograms(
  { recipe, trainee }: Pick<Training, "recipe" | "trainee">,
  { epoch, emit }: { readonly epoch: number; readonly emit: Emit },
): void {
  const { histogramsEvery, histogramsOf } = recipe.logs;
  if (histogramsEvery === null || epoch % histogramsEvery !== 0) return;
  emit({ type: "histograms", epoch, ...weightHistograms(trainee.method.model, histogramsOf) });
}

/**
 * Histograms of a model's trained weights and of the gradients that the latest step left, before the next one clears
 * them. Biases and norms are left out: few numbers, which say little.
 */
export function weightHistograms(
  model: Module,
  which: ResolvedRecipe["logs"]["histogramsOf"],
): Pick<HistogramsEvent, "weights" | "gradients"> {
  using _scope = scope();
  const chosen = model.namedParameters().filter(([name, { shape, requiresGrad }]) => {
    return requiresGrad && shape.length > 1 && (which === "all" || ENDS.test(name));
  });
  const found = gradientsOf(chosen.map(([, parameter]) => parameter));
  const weights = chosen.map(([name, parameter]) => [name, histogram(valuesOf(parameter))] as const);
  const gradients = chosen.flatMap(([name], i) => {
    const gradient = found[i];
    return gradient ? [[name, histogram(valuesOf(gradient))] as const] : [];
  });
  return { weights: Object.fromEntries(weights), gradients: Object.fromEntries(gradients) };
}

function valuesOf(tensor: Tensor): Float32Array {
  return tensor.detach().to({ dtype: "float32" }).toArray() as Float32Array;
}

/** Over equal intervals; values that are not finite are left out. */
export function histogram(values: Float32Array): Histogram {
  let [min, max, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumOfSquares += value * value;
  }
  const counts = Array<number>(INTERVALS).fill(0);
  if (min > max) return { min: 0, max: 0, counts, sum, sumOfSquares };
  const scale = max > min ? INTERVALS / (max - min) : 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    counts[Math.min(INTERVALS - 1, Math.floor((value - min) * scale))]! += 1;
  }
  return { min, max, counts, sum, sumOfSquares };
}

/** A run at one of its phases, and where it writes. */
export interface Run {
  readonly training: Training;
  /** Epochs of the run, those of all phases. */
  readonly epochs: number;
  readonly folder: RunFolder;
  readonly emit: Emit;
  readonly checkpointer: Checkpointer;
  /** Decides for all processes together when to stop. */
  readonly agreement: Agreement;
}

/** How far a run came, and its last evaluation; null when none was due or it was interrupted. */
export interface EpochsResult {
  readonly progress: Progress;
  readonly evaluation: Evaluation | null;
}

/**
 * Trains from where the run stands to the last epoch of its phase, or until the signal. An epoch that ended without its
 * evaluation is evaluated first.
 */
export async function trainEpochs(run: Run, from: Progress): Promise<EpochsResult> {
  const { training, agreement, checkpointer } = run;
  using executor = openExecutor(training);
  warnOfBlocker(run, executor);
  let progress = from;
  let evaluation: Evaluation | null = null;
  for (;;) {
    if (isEvaluated(training, progress)) {
      evaluation = await evaluateAfter(run, progress);
      if (evaluation === null) {
        checkpointer.saveIfBehind(training, progress);
        return { progress, evaluation };
      }
      progress = select(run, progress, evaluation.evaluation);
    }
    if (progress.epoch === training.phase.end || hasStopped(run, progress) || agreement.signal?.aborted)
      return { progress, evaluation };
    progress = await trainEpoch(run, executor, progress);
  }
}

/** What decides whether a run ends early. */
interface Stoppable {
  readonly training: {
    readonly recipe: Pick<ResolvedRecipe, "selection" | "evaluation">;
    readonly phase: Pick<Training["phase"], "end">;
  };
  readonly epochs: number;
}

/**
 * Whether early stopping ends the last phase here: at the latest evaluation the best epoch was `selection.patience` epochs ago or
 * more. It follows from the progress alone, so that a resumed run ends where an uninterrupted one does.
 */
export function hasStopped(
  { training: { recipe, phase }, epochs }: Stoppable,
  { best, epoch, step }: Pick<Progress, "best" | "epoch" | "step">,
): boolean {
  const { selection, evaluation } = recipe;
  if (selection.kind !== "held-out" || selection.patience === null || best === null) return false;
  if (step > 0 || phase.end < epochs) return false;
  const evaluated = epoch - (epoch % evaluation.every);
  return evaluated - best.epoch >= selection.patience;
}

function warnOfBlocker({ emit }: Run, { graphBlocker }: StepExecutor): void {
  if (graphBlocker !== null)
    emit({ type: "warning", message: `The step is not recorded as a CUDA graph: ${graphBlocker}.` });
}

/** Runs what is left of one epoch, less when interrupted. Saves checkpoints on the way and at its end. */
async function trainEpoch(run: Run, executor: StepExecutor, before: Progress): Promise<Progress> {
  const { training, folder, emit, checkpointer, agreement } = run;
  const { signal } = agreement;
  const log = new StepLog({ ...training, emit }, before.sums);
  using steps = new Steps(training, {
    executor,
    from: before,
    signal,
    onBatch: (batch, at) => {
      const isOfImages = batch.images.shape.length === 4;
      if (at.epoch + at.step === 0 && training.peers.rank === 0 && isOfImages)
        emitFirstBatch(training, batch, { folder, emit });
    },
  });
  const reached = (): Progress => {
    log.add(steps.finish());
    const { epoch, step } = steps.position;
    return { ...before, epoch, step, sums: step === 0 ? null : log.sums };
  };
  if (before.step === 0)
    emit({
      type: "epoch-start",
      epoch: before.epoch + 1,
      ...(training.phase.name !== null && { phase: training.phase.name }),
      lr: learningRateAt(training, before),
    });

  await steps.ready();
  for (const { position, completed } of steps) {
    log.add(completed);
    if (position.step > 0) checkpointer.maybeSave(training, position, reached);
    await setImmediate(); // signal handlers run only when the event loop gets a turn
    await steps.ready();
  }
  const progress = reached();
  if (progress.step === 0) {
    const { epoch } = progress;
    emit({ type: "epoch", epoch, lr: training.trainee.optimizer.lr, ...log.means() });
    emitHistograms(training, { epoch, emit });
  }
  for (const message of takeWarnings()) emit({ type: "warning", message });
  if (progress.step === 0 && progress.epoch === run.epochs) await adjustTrained(training, emit);
  if (progress.step === 0) checkpointer.maybeSave(training, progress, () => progress);
  if (signal?.aborted) checkpointer.saveIfBehind(training, progress);
  return progress;
}

/** Whether an epoch of this phase has just ended that is one to evaluate after. */
function isEvaluated({ recipe, phase }: Training, { epoch, step }: Position): boolean {
  return step === 0 && epoch > phase.start && (epoch % recipe.evaluation.every === 0 || epoch === phase.end);
}

/** Evaluates the network after an epoch. The pass over the test images after the last one gives the run's analysis as well. */
async function evaluateAfter(run: Run, { epoch }: Position): Promise<Evaluation | null> {
  const { training } = run;
  const { recipe } = training;
  if (recipe.selection.kind === "held-out")
    return evaluateSplit(training, { ...run, epoch, split: "held-out" });
  return evaluateSplit(training, { ...run, epoch, split: "test", analyze: epoch === run.epochs });
}

/** Compares the epoch with those before and saves its network when it is the best one. */
function select({ training, checkpointer }: Run, progress: Progress, result: EvaluationResult): Progress {
  const { selection, evaluation } = training.recipe;
  const found = { epoch: progress.epoch, result };
  const best = selection.kind === "last" ? null : betterEpoch(progress.best, found);
  const onTest = evaluation.reportBest && selection.kind !== "held-out";
  const known = { ...progress, best, bestOnTest: onTest ? bestOnTest(progress.bestOnTest, found) : null };
  if (best !== null && best.epoch === progress.epoch) checkpointer.saveBest(training, known);
  return known;
}
