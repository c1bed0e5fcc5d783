import { setImmediate } from "node:timers/promises";
import type { Batch } from "../data/loader/loader.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { StepContext } from "../methods/method.js";
import { learningRate } from "../optim/schedule.js";
import { scope } from "../torch/scope.js";
import { takeWarnings } from "../torch/settings.js";
import { keepPrevious, type Progress, saveCheckpoint } from "./checkpoint.js";
import type { Emit, Position } from "../runs/events.js";
import type { CheckpointClock } from "./checkpoint-clock.js";
import { assertFinite } from "./divergence.js";
import { type EpochSums, EpochTotals } from "./epoch-totals.js";
import { judge, type Judgement } from "./judge.js";
import type { Agreement } from "./distributed/agreement.js";
import { randomStates } from "./distributed/random-states.js";
import { tellFirstBatch } from "./first-batch.js";
import { tellSpread } from "./histograms.js";
import type { Prepared } from "./prepare.js";
import type { RunFolder } from "../runs/run-folder.js";
import { bestOnTest, betterEpoch } from "../runs/selection.js";
import { StepReports } from "./step-reports.js";
import type { Reading } from "./graph/reading.js";
import { openStepper, type Stepper } from "./graph/stepper.js";

/** What the loop works with. */
export interface Run extends Prepared {
  readonly folder: RunFolder;
  /** How far it has come; null when it has just begun. */
  readonly from: Progress;
  readonly clock: CheckpointClock;
  readonly emit: Emit;
  /** What the processes decide together. */
  readonly agreement: Agreement;
  /** The agreement's. */
  readonly signal: AbortSignal | undefined;
}

interface Stepping extends Run {
  readonly stepper: Stepper;
}

/** How far a run has come, and what the last evaluation found; null when none was due or it was interrupted. */
export interface Reached {
  readonly progress: Progress;
  readonly judgement: Judgement | null;
}

/**
 * Trains from where the run stands to its last epoch, or until the signal. An epoch that ended without its evaluation
 * has it first.
 */
export async function trainEpochs(run: Run): Promise<Reached> {
  using stepper = openStepper(run);
  if (stepper.notRecorded !== null)
    run.emit({
      type: "warning",
      message: `The step is not recorded as a CUDA graph: ${stepper.notRecorded}.`,
    });
  let progress = run.from;
  let judgement: Judgement | null = null;
  for (;;) {
    if (progress.step === 0 && isEvaluated(run, progress.epoch)) {
      judgement = await evaluate(run, progress);
      if (judgement === null) {
        if (!run.clock.isCurrent) checkpoint(run, progress);
        return { progress, judgement };
      }
      progress = withFindings(run, progress, judgement.evaluation);
    }
    if (progress.epoch === run.recipe.epochs || run.signal?.aborted) return { progress, judgement };
    progress = await trainEpoch({ ...run, stepper }, progress);
  }
}

/** Whether the epoch that has just ended, counted from 1, is one to evaluate after. */
function isEvaluated({ recipe }: Run, epoch: number): boolean {
  return epoch > 0 && (epoch % recipe.evaluation.every === 0 || epoch === recipe.epochs);
}

/** The pass over the test images after the last epoch gives the run's analysis as well. */
async function evaluate(run: Run, { epoch }: Position): Promise<Judgement | null> {
  if (run.recipe.selection.kind === "held-out") return judge(run, { epoch, split: "held-out" });
  return judge(run, { epoch, split: "test", analyse: epoch === run.recipe.epochs });
}

/** Compares the epoch with those before and keeps its network when it is the best one. */
function withFindings(run: Run, progress: Progress, result: EvaluationResult): Progress {
  const { selection, evaluation } = run.recipe;
  const found = { epoch: progress.epoch, result };
  const best = selection.kind === "last" ? null : betterEpoch(progress.best, found);
  const onTest = evaluation.reportBest && selection.kind !== "held-out";
  const known = { ...progress, best, bestOnTest: onTest ? bestOnTest(progress.bestOnTest, found) : null };
  if (best !== null && best.epoch === progress.epoch) save(run, run.folder.bestCheckpoint, known);
  return known;
}

/** Runs what is left of one epoch, less when interrupted. Checkpoints on the way and at its end. */
async function trainEpoch(run: Stepping, before: Progress): Promise<Progress> {
  const { optimizer, trainLoader, stepper, clock, agreement, emit, signal } = run;
  const { stepsPerEpoch } = trainLoader;
  const { epoch } = before;
  const totals = new EpochTotals(before.sums ?? undefined);
  using reports = new StepReports(run, { epoch, totals, behind: stepper.behind });
  const batches = trainLoader.epoch(epoch, { fromStep: before.step });
  stepper.startEpoch(epoch);
  const at = (step: number, sums: EpochSums): Progress =>
    step < stepsPerEpoch ? { ...before, step, sums } : { ...before, epoch: epoch + 1, step: 0, sums: null };
  if (before.step === 0) emit({ type: "epoch-start", epoch: epoch + 1, lr: rateAt(run, before) });

  let { step } = before;
  try {
    for (; step < stepsPerEpoch && !signal?.aborted; step += 1) {
      const started = performance.now();
      optimizer.lr = rateAt(run, { epoch, step });
      reports.add({ step, lr: optimizer.lr, started, ...nextStep(run, batches, { epoch, step }) });
      const due = step + 1 < stepsPerEpoch && clock.dueAfterStep();
      if (agreement.any(due)) {
        reports.finish();
        checkpoint(run, at(step + 1, totals.sums));
      }
      await setImmediate(); // signal handlers run only when the event loop gets a turn
    }
    reports.finish();
  } finally {
    batches.return();
  }
  if (step === stepsPerEpoch) {
    emit({ type: "epoch", epoch: epoch + 1, lr: optimizer.lr, ...totals.means() });
    tellSpread(run, epoch + 1);
  }
  for (const message of takeWarnings()) emit({ type: "warning", message });
  const reached = at(step, totals.sums);
  const due =
    reached.epoch === run.recipe.epochs || (step === stepsPerEpoch && clock.dueAfterEpoch(reached.epoch));
  if (agreement.any(due) || signal?.aborted) checkpoint(run, reached);
  return reached;
}

/** The learning rate of a step. */
export function rateAt(
  { recipe, trainLoader }: Pick<Run, "recipe" | "trainLoader">,
  { epoch, step }: Position,
): number {
  const { stepsPerEpoch } = trainLoader;
  const { epochs, optimizer, schedule } = recipe;
  return learningRate(schedule, { baseLr: optimizer.lr, epoch, step, stepsPerEpoch, epochs });
}

/** What a step's method is told about its place in the training. */
export function stepContext(
  { recipe: { epochs }, trainLoader: { stepsPerEpoch } }: Pick<Run, "recipe" | "trainLoader">,
  { epoch, step }: Position,
): StepContext {
  return { step: epoch * stepsPerEpoch + step, epoch, epochs, stepsPerEpoch };
}

/** Takes the next batch and trains on it. Every tensor made on the way is freed. */
function nextStep(
  run: Stepping,
  batches: Iterator<Batch>,
  { epoch, step }: Position,
): { reading: Reading; images: number; indices: Int32Array } {
  using _scope = scope();
  const { ema, stepper } = run;
  const { indices, ...shown } = batches.next().value as Batch;
  if (epoch + step === 0 && run.peers.rank === 0) tellFirstBatch(run, { indices, images: shown.images });
  const reading = stepper.run({ ...shown, context: stepContext(run, { epoch, step }) });
  ema?.update();
  return { reading, images: shown.total, indices };
}

function checkpoint(run: Run, progress: Progress): void {
  const { recipe, method, optimizer, folder, clock, emit } = run;
  assertFinite(method.model.parameters(), { recipe, epoch: progress.epoch, lr: optimizer.lr });
  if (run.peers.rank === 0) keepPrevious(folder);
  save(run, folder.lastCheckpoint, progress);
  clock.saved();
  emit({ type: "checkpoint", path: folder.lastCheckpoint, epoch: progress.epoch, step: progress.step });
}

/** The first process writes, with what only the others know. */
function save(run: Run, path: string, progress: Progress): void {
  const states = randomStates(run);
  if (run.peers.rank === 0)
    saveCheckpoint(path, { ...run, ...described(run), ...progress, randomStates: states });
}

function described({ statistics: { classes, counts }, method: { model } }: Run) {
  return { classes, counts, model };
}
