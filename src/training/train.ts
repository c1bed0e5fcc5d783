import { setImmediate } from "node:timers/promises";
import type { Batch } from "../data/loader.js";
import { AccuracyMeter } from "../evaluation/accuracy.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import { learningRate } from "../optim/schedule.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { scope } from "../torch/scope.js";
import { takeWarnings } from "../torch/settings.js";
import { saveCheckpoint } from "./checkpoint.js";
import type { Position } from "./checkpoint.js";
import { continueFrom } from "./continue.js";
import { describeRun, runEvent } from "./describe.js";
import { assertFinite, divergenceError } from "./divergence.js";
import { EpochTotals } from "./epoch-totals.js";
import { evaluateMethod } from "./evaluate.js";
import { emitter } from "./events.js";
import type { Emit, EndEvent, Listener } from "./events.js";
import { metricsListener } from "./metrics.js";
import { applySettings, prepare } from "./prepare.js";
import type { Prepared } from "./prepare.js";
import { assertFree, createRunFolder, writeResult } from "./run-folder.js";
import type { RunFolder, Versions } from "./run-folder.js";
import { trainStep } from "./step.js";
import type { StepOutcome } from "./step.js";

export interface TrainOptions {
  readonly recipe: ResolvedRecipe;
  /** The run's folder; see `freshRunFolder` for one that is free. */
  readonly out: string;
  readonly listeners: readonly Listener[];
  readonly versions: Versions;
  readonly command: readonly string[];
  readonly device?: string; // "cpu"
  readonly threads?: number | undefined; // libtorch's own choice
  /** Moves a run that lies in `out` aside instead of refusing. */
  readonly force?: boolean;
  /** A checkpoint of NCL's PyTorch code to go on from. */
  readonly from?: string | undefined;
  /** Ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly reason: "finished" | "interrupted";
  readonly folder: RunFolder;
  /** Of the last epoch; null when interrupted. */
  readonly evaluation: EvaluationResult | null;
  readonly seconds: number;
  /** The process's largest resident set, in bytes. */
  readonly peakMemory: number;
}

/** What the loop works with. */
interface Run extends Prepared {
  readonly folder: RunFolder;
  /** Epochs that are done already. */
  readonly startEpoch: number;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
}

/** Trains one recipe into one folder. */
export async function trainRun(options: TrainOptions): Promise<TrainResult> {
  const { recipe, out, signal, force = false } = options;
  const started = performance.now();
  assertFree(out, { force });
  const device = applySettings(recipe, { device: options.device ?? "cpu", threads: options.threads });
  using prepared = await prepare(recipe, device);
  const startEpoch = options.from === undefined ? 0 : continueFrom(prepared, options.from);
  const folder = createRunFolder(out, describeRun(prepared, options));
  const emit = emitter([metricsListener(folder.metrics), ...options.listeners]);
  const end = (reason: EndEvent["reason"], message: string | null): EndSummary => {
    const summary = { seconds: secondsSince(started), peakMemory: process.resourceUsage().maxRSS * 1024 };
    emit({ type: "end", reason, message, ...summary });
    return summary;
  };

  try {
    emit(runEvent(prepared, folder));
    const evaluation = await trainEpochs({ ...prepared, folder, startEpoch, emit, signal });
    const reason = evaluation === null ? "interrupted" : "finished";
    if (evaluation !== null)
      writeResult(folder, {
        ...evaluation,
        selectedOn: "last-epoch",
        epoch: recipe.epochs,
        seconds: secondsSince(started),
      });
    return { reason, folder, evaluation, ...end(reason, null) };
  } catch (error) {
    endQuietly(() => end("failed", (error as Error).message));
    throw error;
  }
}

/** The last epoch's evaluation, or null when interrupted. */
async function trainEpochs(run: Run): Promise<EvaluationResult | null> {
  const { recipe } = run;
  let evaluation: EvaluationResult | null = null;
  for (let epoch = run.startEpoch; epoch < recipe.epochs; epoch += 1) {
    const steps = await trainEpoch(run, epoch);
    checkpoint(
      run,
      steps < run.trainLoader.stepsPerEpoch ? { epoch, step: steps } : { epoch: epoch + 1, step: 0 },
    );
    if (run.signal?.aborted) return null;
    if ((epoch + 1) % recipe.evaluation.every === 0 || epoch + 1 === recipe.epochs) {
      evaluation = await evaluate(run, epoch);
      if (evaluation === null) return null;
    }
  }
  return evaluation;
}

/** Runs the steps of one epoch, fewer when interrupted, and returns their number. */
async function trainEpoch(run: Run, epoch: number): Promise<number> {
  const { recipe, optimizer, trainLoader, emit, signal } = run;
  const { stepsPerEpoch } = trainLoader;
  const rateAt = (step: number): number =>
    learningRate(recipe.schedule, {
      baseLr: recipe.optimizer.lr,
      epoch,
      step,
      stepsPerEpoch,
      epochs: recipe.epochs,
    });
  const totals = new EpochTotals();
  const batches = trainLoader.epoch(epoch);
  emit({ type: "epoch-start", epoch: epoch + 1, lr: rateAt(0) });

  let step = 0;
  try {
    for (; step < stepsPerEpoch && !signal?.aborted; step += 1) {
      const started = performance.now();
      optimizer.lr = rateAt(step);
      const { outcome, images } = nextStep(run, batches, { epoch, step });
      totals.add(outcome, images);
      const { right, ...numbers } = outcome;
      const accuracy = (100 * right) / images;
      const imagesPerSecond = images / secondsSince(started);
      const { lr } = optimizer;
      emit({ type: "step", epoch: epoch + 1, step: step + 1, ...numbers, accuracy, lr, imagesPerSecond });
      await setImmediate(); // signal handlers run only when the event loop gets a turn
    }
  } finally {
    batches.return();
  }
  if (step === stepsPerEpoch) emit({ type: "epoch", epoch: epoch + 1, lr: optimizer.lr, ...totals.means() });
  reportWarnings(emit);
  return step;
}

/** Takes the next batch and trains on it. Every tensor made on the way is freed. */
function nextStep(
  run: Run,
  batches: Iterator<Batch>,
  { epoch, step }: Position,
): { outcome: StepOutcome; images: number } {
  using _scope = scope();
  const { recipe, device, method, optimizer, ema, trainLoader } = run;
  const batch = batches.next().value as Batch;
  const images = batch.images.to({ device });
  const labels = batch.labels.to({ device });
  const { precision } = recipe;
  const { accumulate } = recipe.optimizer;
  const outcome = trainStep(
    { images, labels, step: epoch * trainLoader.stepsPerEpoch + step },
    { method, optimizer, precision, accumulate },
  );
  ema?.update();
  if (!Number.isFinite(outcome.loss)) {
    throw divergenceError({
      recipe,
      loss: outcome.loss,
      epoch: epoch + 1,
      step: step + 1,
      stepsPerEpoch: trainLoader.stepsPerEpoch,
      lr: optimizer.lr,
      dataset: run.trainData,
      indices: batch.indices,
    });
  }
  return { outcome, images: batch.indices.length };
}

function checkpoint(run: Run, position: Position): void {
  const { recipe, statistics, method, optimizer, ema, folder, emit } = run;
  const { classes, counts } = statistics;
  assertFinite(method.model.parameters(), { recipe, epoch: position.epoch, lr: optimizer.lr });
  saveCheckpoint(folder.lastCheckpoint, {
    recipe,
    classes,
    counts,
    ...position,
    model: method.model,
    optimizer,
    ema,
  });
  emit({ type: "checkpoint", path: folder.lastCheckpoint, ...position });
}

async function evaluate(run: Run, epoch: number): Promise<EvaluationResult | null> {
  const { recipe, device, method, ema, testLoader, statistics, emit, signal } = run;
  using _averages = recipe.evaluation.weights === "ema" ? ema?.applied() : null;
  const started = performance.now();
  const { classes, counts } = statistics;
  const { groups } = recipe.evaluation;
  const meter = new AccuracyMeter({ classes, counts, experts: recipe.method.experts, groups });
  const result = await evaluateMethod({ method, loader: testLoader, meter, device, signal });
  if (result !== null) {
    const { confusion: _, ...scores } = result;
    emit({ type: "evaluation", epoch: epoch + 1, seconds: secondsSince(started), ...scores });
  }
  return result;
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

function reportWarnings(emit: Emit): void {
  for (const message of takeWarnings()) emit({ type: "warning", message });
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
