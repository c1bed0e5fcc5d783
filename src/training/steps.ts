import type { Batch, Loader } from "../data/loader/loader.js";
import { learningRate } from "../optim/schedule.js";
import type { StepContext } from "../methods/ensemble/method.js";
import { Ensemble } from "../models/ensemble.js";
import type { Position } from "../runs/events.js";
import { recordOnGpu, useOwnStream } from "../torch/cuda.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import { Moment } from "../torch/streams.js";
import { graphBlocker, RecordedStep } from "./graph/recorded-step.js";
import type { Training } from "./prepare.js";
import {
  type ComputedStep,
  computeStep,
  readOutcome,
  type StepOptions,
  type StepOutcome,
  type TrainingBatch,
  type Watch,
} from "./step.js";

/** The outcome of a step that was begun. Read it once, or dispose of it. */
export interface Reading extends Disposable {
  /** Waits for the step. */
  read(): StepOutcome;
}

/** Runs a training's steps on its device. */
export interface StepExecutor extends Disposable {
  /** Call it before the first step of an epoch, counted from 0 in its phase, or of what is left of one after a resume. */
  startEpoch(epoch: number): void;
  /** Begins a step. Call it in a scope of its own. */
  run(batch: TrainingBatch): Reading;
  /** Further steps that may be begun before a step is read, so that the program never waits for the device. */
  readonly lag: 0 | 1;
  /** Why the step is not recorded as a CUDA graph; null where it is, and on the CPU. */
  readonly graphBlocker: string | null;
}

interface ExecutorOptions {
  /** Whether a step is read only after the next one was begun; by default on a GPU with one process. */
  readonly late?: boolean;
  /** Times each phase of a step; steps are then computed operator by operator and read at once. */
  readonly watch?: Watch;
}

/** What an executor needs of a training. */
export type Executed = Pick<Training, "recipe" | "device" | "execution" | "peers" | "trainee">;

/**
 * Opens what runs the steps. On a GPU the whole step is recorded once and then launched as one, where it can be, and read
 * after the next one was launched. Several processes read each step at once, since they add up what it reports.
 */
export function openExecutor(
  training: Executed,
  {
    watch,
    late = watch === undefined && training.device !== "cpu" && training.peers.worldSize === 1,
  }: ExecutorOptions = {},
): StepExecutor {
  const { device, peers, execution, trainee, recipe } = training;
  const { method } = trainee;
  const { model } = method;
  const options = stepOptions(training, watch);
  // Several processes' gradients are gathered on the stream of the last one that is ready, which waits for no other.
  if (execution.expertStreams && device !== "cpu" && peers.worldSize === 1 && model instanceof Ensemble)
    model.useParallelStreams(device);
  const blocker = device === "cpu" || watch !== undefined ? null : graphBlocker(training);
  const records = device !== "cpu" && watch === undefined && blocker === null;
  if (records) useOwnStream(device);
  const recorded = records
    ? new RecordedStep(options, { recorder: recordOnGpu, batch: recipe.data.batch })
    : null;
  const compute = (batch: TrainingBatch): ComputedStep => recorded?.run(batch) ?? computeStep(batch, options);
  return {
    startEpoch: (epoch) => {
      if (method.onEpochStart?.(epoch)) recorded?.forget();
    },
    run: (batch) => (late ? readLater(compute(batch)) : readNow(readOutcome(compute(batch), peers))),
    lag: late ? 1 : 0,
    graphBlocker: blocker,
    [Symbol.dispose]: () => recorded?.[Symbol.dispose](),
  };
}

function stepOptions({ recipe, trainee, peers }: Executed, watch: Watch | undefined): StepOptions {
  const { method, optimizer, scaler, reducer } = trainee;
  const { accumulate } = recipe.optimizer;
  const { precision } = recipe;
  const options = { method, optimizer, scaler, reducer, peers, precision, accumulate };
  return watch === undefined ? options : { ...options, watch };
}

/** The reading of a step that was read already. */
export function readNow(outcome: StepOutcome): Reading {
  return { read: () => outcome, [Symbol.dispose]: () => undefined };
}

/**
 * Has a step's values copied to the program's memory as soon as the device has computed them, and waits for that only
 * when they are read: the device is given the next step meanwhile, which may write its own values where these were.
 */
export function readLater(step: ComputedStep): Reading {
  const { device } = step.values;
  const values = keepForever(step.values.toCopyIfNeeded({ device: "cpu", nonBlocking: true, copy: true }));
  const copied = new Moment(device);
  const close = (): void => {
    copied[Symbol.dispose]();
    dispose(values);
  };
  return {
    read() {
      copied.wait();
      const outcome = readOutcome({ ...step, values });
      close();
      return outcome;
    },
    [Symbol.dispose]: close,
  };
}

/** A step of a training: where it was, what it was trained on, and its outcome. */
export interface CompletedStep {
  /** Position before the step: both count from 0. */
  readonly at: Position;
  readonly lr: number;
  /** Images of the whole batch. */
  readonly images: number;
  /** This process's images of the batch, in the dataset. */
  readonly indices: Int32Array;
  /** When it was begun, by performance.now(). */
  readonly started: number;
  readonly outcome: StepOutcome;
}

/** What is known when a step has been begun. */
export interface BegunStep {
  /** Position after the step; step 0 of the next epoch after an epoch's last one. */
  readonly position: Position;
  /** Images of the whole batch. */
  readonly images: number;
  /** The steps that were read meanwhile, in order: this one, or on a GPU the one before it. */
  readonly completed: readonly CompletedStep[];
}

interface StepsOptions {
  readonly executor: StepExecutor;
  readonly from: Position;
  /** Epochs to run; one, or what is left of it, unless given. */
  readonly epochs?: number;
  /** No step is begun once it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each batch before its step, in the step's scope. */
  readonly onBatch?: (batch: Batch, at: Position) => void;
}

type UnreadStep = Omit<CompletedStep, "outcome"> & { readonly reading: Reading };

/**
 * The steps of a training, one after the other: next batch, learning rate, step, averages. The loop, the profile and the
 * benchmarks all iterate over it. A step is read `lag` steps after it was begun; `finish` reads those that are left.
 */
export class Steps implements Iterable<BegunStep>, Disposable {
  readonly #training: Stepped;
  readonly #options: StepsOptions;
  readonly #unread: UnreadStep[] = [];
  #position: Position;
  #batches: Generator<Batch, void, undefined> | null = null;

  constructor(training: Stepped, options: StepsOptions) {
    this.#training = training;
    this.#options = options;
    this.#position = options.from;
  }

  /** Position after the last step that was begun. */
  get position(): Position {
    return this.#position;
  }

  *[Symbol.iterator](): Generator<BegunStep, void, undefined> {
    const { from, epochs = 1, signal } = this.#options;
    while (this.#position.epoch < from.epoch + epochs && !signal?.aborted) {
      const images = this.#begin(this.#position);
      yield { position: this.#position, images, completed: this.#read(this.#options.executor.lag) };
    }
  }

  /** Waits for the next step's batch while the event loop runs, until the signal at the longest. */
  async ready(): Promise<void> {
    const { from, epochs = 1, signal } = this.#options;
    if (this.#position.epoch >= from.epoch + epochs || signal?.aborted) return;
    this.#batches ??= this.#startEpoch(this.#position);
    await this.#training.loaders.train.ready(signal);
  }

  /** Waits for the steps that were begun and not read yet: before sums are used, and before a checkpoint. */
  finish(): CompletedStep[] {
    return this.#read(0);
  }

  /** Runs one step. Every tensor made on the way is freed. Returns the number of its images. */
  #begin(at: Position): number {
    using _scope = scope();
    const { executor, onBatch } = this.#options;
    const { trainee, loaders } = this.#training;
    const { stepsPerEpoch } = loaders.train;
    const started = performance.now();
    const lr = learningRateAt(this.#training, at);
    trainee.optimizer.lr = lr;
    this.#batches ??= this.#startEpoch(at);
    const batch = this.#batches.next().value as Batch;
    onBatch?.(batch, at);
    const { indices, ...shown } = batch;
    const reading = executor.run({ ...shown, context: stepContext(this.#training, at) });
    this.#unread.push({ at, lr, images: shown.total, indices, started, reading });
    trainee.ema?.update();
    const isLast = at.step + 1 === stepsPerEpoch;
    if (isLast) this.#endEpoch();
    this.#position = isLast ? { epoch: at.epoch + 1, step: 0 } : { epoch: at.epoch, step: at.step + 1 };
    return shown.total;
  }

  #read(left: number): CompletedStep[] {
    const completed: CompletedStep[] = [];
    while (this.#unread.length > left) {
      const { reading, ...step } = this.#unread.shift()!;
      completed.push({ ...step, outcome: reading.read() });
    }
    return completed;
  }

  #startEpoch({ epoch, step }: Position): Generator<Batch, void, undefined> {
    this.#options.executor.startEpoch(epoch - this.#training.phase.start);
    return this.#training.loaders.train.epoch(epoch, { fromStep: step });
  }

  #endEpoch(): void {
    this.#batches?.return();
    this.#batches = null;
  }

  /** Lets go of the batches that were made ahead and of the steps that nobody read. */
  [Symbol.dispose](): void {
    this.#endEpoch();
    for (const { reading } of this.#unread) reading[Symbol.dispose]();
  }
}

/** What the steps need of a training. */
export type Stepped = Pick<Training, "recipe" | "trainee" | "stepsBefore"> & {
  readonly phase: Pick<Training["phase"], "start">;
  readonly loaders: { readonly train: Pick<Loader, "epoch" | "ready" | "stepsPerEpoch"> };
};

/** The learning rate of the step at a position. */
export function learningRateAt(
  { recipe, phase, loaders }: Pick<Stepped, "recipe" | "phase" | "loaders">,
  { epoch: ofRun, step }: Position,
): number {
  const { stepsPerEpoch } = loaders.train;
  const { epochs, optimizer, schedule } = recipe;
  const epoch = ofRun - phase.start;
  return learningRate(schedule, { baseLr: optimizer.lr, epoch, step, stepsPerEpoch, epochs });
}

/** Context of a step for the method: its position in the phase, and how many steps of the run precede it. */
export function stepContext(
  { recipe, phase, stepsBefore, loaders }: Pick<Stepped, "recipe" | "phase" | "stepsBefore" | "loaders">,
  { epoch, step }: Position,
): StepContext {
  const { stepsPerEpoch } = loaders.train;
  return {
    step: stepsBefore + (epoch - phase.start) * stepsPerEpoch + step,
    epoch: epoch - phase.start,
    epochs: recipe.epochs,
    stepsPerEpoch,
  };
}
