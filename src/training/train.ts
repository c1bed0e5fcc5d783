import { ALONE, fromFirst, type Peers } from "../distributed/peers.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { emitter, type EndEvent } from "../runs/events.js";
import { scheduleWarnings } from "../optim/schedule.js";
import { readDescription } from "../runs/read-run.js";
import { RunClaim } from "../runs/run-claim.js";
import {
  type RunFolder,
  type RunResult,
  runFolder,
  type TeacherIdentity,
  writeAnalysis,
  writeResult,
} from "../runs/run-folder.js";
import { CheckpointError, UsageError } from "../support/errors.js";
import { secondsSince } from "../support/units.js";
import { type Progress, type Checkpoint, readCheckpoint } from "./checkpoint.js";
import { Checkpointer } from "./checkpointer.js";
import { Agreement } from "./distributed/agreement.js";
import { type Run, hasStopped, trainEpochs, type EpochsResult } from "./epochs.js";
import { openRun, runEvent } from "./open-run.js";
import { phaseAt, phasesOf, type TrainingPhase } from "./phases.js";
import { applySettings, prepare, prepareNext, type Training } from "./prepare.js";
import { canResume, resumePosition } from "./resume.js";
import { resumedSettings, settingsChanges } from "./resumed-settings.js";
import { executionFrom, type TrainOptions } from "./settings.js";
import type { Analysis } from "../evaluation/analysis.js";
import { scope } from "../torch/scope.js";
import { shareWeights } from "./distributed/share-state.js";
import { evaluateSplit, type Evaluation } from "./evaluate-split.js";
import { splitHash } from "../data/card.js";
import { valueAt } from "../support/json.js";
import { differences } from "../runs/stored-recipe.js";
import { assertSameTeachers, teachersOf } from "./teacher.js";
import { dataNotes, dataWarnings } from "./training-data.js";

/**
 * What a training leaves.
 *
 * @example
 * const { reason, evaluation, folder }: TrainResult = await train(recipe, options);
 */
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
  const { recipe, out, signal, peers = ALONE } = options;
  const execution = executionFrom(options);
  const started = performance.now();
  using claim = peers.rank === 0 ? new RunClaim(out, options) : null;
  const resumes = claim !== null && options.resume === true && canResume(out);
  const before = resumes && peers.worldSize === 1 ? readDescription(out) : null; // several processes do as their launcher says
  const device = applySettings(recipe, before === null ? options : resumedSettings(options, before));
  const report = emitter(options.listeners);
  const phase = await firstPhase(options, { resumes, peers });
  using training = await prepare(recipe, device, { report, signal, peers, execution, phase });
  await assertSameTraining({ recipe, data: training.data, versions: options.versions }, peers);
  using opened = await openRun(training, options, { claim, resumes });
  const { folder, progress, warnings } = opened;
  training.loaders.assertCurrent?.();
  const emit = emitter([opened.listener, ...options.listeners]);
  const end = async (reason: EndEvent["reason"], message: string | null): Promise<EndSummary> => {
    await opened.finish(reason);
    const summary = { seconds: secondsSince(started), peakMemory: process.resourceUsage().maxRSS * 1024 };
    emit({ type: "end", reason, message, ...summary });
    return summary;
  };

  try {
    emit(runEvent(training, { recipe, folder, from: progress }));
    for (const message of [
      ...dataNotes(training.data),
      ...(training.teacher === null ? [] : [training.teacher.note]),
    ])
      emit({ type: "note", message });
    const { pretrained } = training.recipe;
    if (pretrained?.reason !== undefined)
      emit({ type: "note", message: `pretrained weights: ${pretrained.weights}; ${pretrained.reason}` });
    const notes = resumes ? [] : training.notes; // resumed weights are the run's own
    for (const message of [
      ...dataWarnings(training.data, options.validationChose === true ? null : undefined),
      ...slowPrecision(training),
      ...unreachedRates(training),
      ...notes,
      ...(before === null ? [] : settingsChanges(before, device)),
      ...warnings,
    ])
      emit({ type: "warning", message });
    const agreement = new Agreement(peers, signal);
    const checkpointer = new Checkpointer(recipe, { folder, emit, agreement });
    const run = { training, epochs: recipe.epochs, folder, emit, checkpointer, agreement };
    const conclusion = await trainPhases(run, { recipe, from: progress });
    claim?.assertInPlace();
    if (conclusion !== null && claim !== null) write(folder, conclusion, secondsSince(started));
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

/** The phase to start or resume in, which the first process knows. */
async function firstPhase(
  { recipe, out, from }: TrainOptions,
  { resumes, peers }: { readonly resumes: boolean; readonly peers: Peers },
): Promise<TrainingPhase> {
  const phases = phasesOf(recipe);
  if (phases.length > 1 && from !== undefined)
    throw new UsageError(
      "phases: expected none with --from, which continues a training of NCL's PyTorch code; found " +
        `${phases.length}. Train such a recipe from its start.`,
    );
  const index = await fromFirst(peers, "the phase to start in", () =>
    String(resumes && phases.length > 1 ? phaseAt(recipe, resumePosition(runFolder(out))).index : 0),
  );
  return phases[Number(index)] ?? phases[0]!;
}

interface PhasesStart {
  /** The run's, with all its phases. */
  readonly recipe: ResolvedRecipe;
  readonly from: Progress;
}

/** Trains the phase that the run is in and those after it. Null when interrupted. */
async function trainPhases(run: Run, { recipe, from }: PhasesStart): Promise<Conclusion | null> {
  const { training, agreement, emit } = run;
  const reached = await trainEpochs(run, from);
  const next = phasesOf(recipe)[training.phase.index + 1];
  if (next === undefined) return conclude(run, reached);
  const { progress, evaluation } = reached;
  const { signal } = agreement;
  if (evaluation === null || signal?.aborted) return null;
  try {
    using following = await prepareNext(training, next, { report: emit, signal });
    for (const message of unreachedRates(following)) emit({ type: "warning", message });
    const start = { ...progress, best: null, bestOnTest: null }; // a phase selects among its own epochs
    return await trainPhases({ ...run, training: following }, { recipe, from: start });
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  }
}

function write(folder: RunFolder, { analysis, result }: Conclusion, seconds: number): void {
  writeAnalysis(folder, analysis);
  writeResult(folder, { ...result, seconds });
}

/** Warnings of a precision that this device emulates. */
function slowPrecision({ recipe, device }: Training): string[] {
  if (recipe.precision !== "float16" || device !== "cpu") return [];
  return [
    "precision: float16 is for GPUs; the CPU computes it more slowly than float32 and gains nothing by it.",
  ];
}

/** Warnings of a schedule that is longer than the training of its phase. */
function unreachedRates({ recipe, loaders }: Training): string[] {
  const { stepsPerEpoch } = loaders.train;
  return scheduleWarnings(recipe.schedule, { epochs: recipe.epochs, stepsPerEpoch });
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

/** A run's result, without its duration, and the analysis of the same predictions. */
interface Conclusion {
  readonly result: Omit<RunResult, "seconds" | keyof EvaluationResult> & {
    readonly evaluation: EvaluationResult;
  };
  readonly analysis: Analysis;
}

/**
 * Evaluates the network of the selected epoch, and the last one beside it, on the test images. Null when the run was
 * interrupted before its end or here.
 */
async function conclude(run: Run, { progress, evaluation }: EpochsResult): Promise<Conclusion | null> {
  const { training } = run;
  const { selection } = training.recipe;
  const { best, bestOnTest, epoch: epochs } = progress;
  const isOver = epochs === run.epochs || hasStopped(run, progress);
  if (!isOver || evaluation === null) return null;
  const { kind } = selection;
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

interface TrainingFacts {
  readonly recipe: Training["recipe"];
  readonly train: string;
  readonly test: string;
  readonly code: string;
  readonly teachers: readonly TeacherIdentity[];
}

/**
 * Makes sure that all processes train the same recipe on the same images with the same code.
 * @throws UsageError that names the first rank that differs, and what: both values of the recipe's key, or both hashes.
 */
async function assertSameTraining(
  { recipe, data, versions }: Pick<Training, "recipe" | "data"> & Pick<TrainOptions, "versions">,
  peers: Peers,
): Promise<void> {
  if (peers.worldSize === 1) return;
  const { longtail, libtorch, code = "unknown" } = versions;
  const own: TrainingFacts = {
    recipe,
    train: splitHash(data.train),
    test: splitHash(data.test),
    code: `longtail ${longtail} of code ${code}, libtorch ${libtorch}`,
    teachers: teachersOf(recipe),
  };
  const [first, ...others] = (await peers.exchange("recipe and data", JSON.stringify(own))).map(
    (text) => JSON.parse(text) as TrainingFacts,
  );
  others.forEach((other, i) => {
    assertSame(first!, other, i + 1);
  });
}

function assertSame(first: TrainingFacts, other: TrainingFacts, rank: number): void {
  if (first.code !== other.code)
    throw new UsageError(
      `rank ${rank} runs other code than rank 0: expected ${first.code}, found ${other.code}. Install the same version on all machines.`,
    );
  const [key] = differences(first.recipe, other.recipe);
  if (key !== undefined) {
    const value = (of: TrainingFacts): string => JSON.stringify(valueAt(of.recipe, key.split(".")));
    throw new UsageError(
      `rank ${rank} has another recipe than rank 0: expected ${key} to be ${value(first)}, found ${value(other)}.`,
    );
  }
  assertSameTeachers(`rank ${rank}`, first.teachers, other.teachers);
  for (const split of ["train", "test"] as const)
    if (first[split] !== other[split])
      throw new UsageError(
        `rank ${rank} has other data than rank 0: expected the ${split} images of hash ${first[split]}, found ${other[split]} (labels, names and classes count; see \`longtail data info\`).`,
      );
}
