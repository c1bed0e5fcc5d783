import type { CacheProgress, InspectionProgress } from "../data/cache/report.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import { steadyNow } from "../support/process.js";

/** How far a run has come. */
export interface Position {
  /** Whole epochs behind it. */
  readonly epoch: number;
  /** Steps done of the epoch that follows; 0 at an epoch's end. */
  readonly step: number;
}

/**
 * Events that a training run emits to its listeners: the console, metrics.jsonl, and others. The training code
 * prints nothing itself. Epochs and steps count from 1. Losses are batch means, accuracies are in percent.
 *
 * @example
 * const listen = (event: TrainingEvent): void => {
 *   if (event.type === "step") console.log(event.epoch, event.step, event.loss);
 * };
 */
export type TrainingEvent =
  | CacheEvent
  | InspectionEvent
  | RunEvent
  | EpochStartEvent
  | StepEvent
  | ImagesEvent
  | EpochEvent
  | HistogramsEvent
  | EvaluationEvent
  | CheckpointEvent
  | NoteEvent
  | WarningEvent
  | EndEvent;

/**
 * Receives every event, in order, synchronously. What it throws ends the run.
 *
 * @example
 * const losses: number[] = [];
 * const listen: Listener = (event) => {
 *   if (event.type === "epoch") losses.push(event.loss);
 * };
 */
export type Listener = (event: TrainingEvent) => void;

interface Timed {
  /** ISO 8601, UTC; of the events of one process it never goes back. */
  readonly time: string;
}

/**
 * Sent while images, or what a frozen network makes of them (`what: "features"`), are cached, before everything else:
 * `images` of `total` are, in `bytes`.
 *
 * @example
 * if (event.type === "cache") console.log(`${event.images} of ${event.total} images cached`);
 */
export interface CacheEvent extends Timed, CacheProgress {}

/**
 * Sent while images are looked at before everything else: where test images are taken from the training images, or damaged
 * images are left out (data.strict).
 *
 * @example
 * if (event.type === "inspection") console.log(`${event.images} of ${event.total} images looked at`);
 */
export interface InspectionEvent extends Timed, InspectionProgress {}

/**
 * Sent once, before the first step.
 *
 * @example
 * if (event.type === "run") console.log(event.folder, event.classes, event.epochs);
 */
export interface RunEvent extends Timed {
  readonly type: "run";
  readonly name: string;
  readonly folder: string;
  readonly seed: number;
  readonly device: string;
  readonly threads: number;
  readonly classes: number;
  readonly trainImages: number;
  readonly testImages: number;
  /** Images of the largest class over those of the smallest. */
  readonly imbalance: number;
  /** Trainable numbers, all experts together. */
  readonly parameters: number;
  /** Those of them that training changes, where others are frozen. */
  readonly trained?: number;
  readonly epochs: number;
  /** Of the phase that it starts or resumes in. */
  readonly stepsPerEpoch: number;
  /** The recipe's phases in order, where it has some. */
  readonly phases?: readonly {
    readonly name: string;
    readonly epochs: number;
    readonly stepsPerEpoch: number;
  }[];
  /** What the run goes on from; null when it starts. */
  readonly from: { readonly epoch: number; readonly step: number } | null;
}

/**
 * Sent when an epoch begins.
 *
 * @example
 * if (event.type === "epoch-start") console.log(event.epoch, event.lr);
 */
export interface EpochStartEvent extends Timed {
  readonly type: "epoch-start";
  readonly epoch: number;
  /** Name of the epoch's phase, where the recipe has phases. */
  readonly phase?: string;
  /** Of the epoch's first step. */
  readonly lr: number;
}

/**
 * Sent after every step.
 *
 * @example
 * if (event.type === "step") console.log(event.step, event.loss, event.imagesPerSecond);
 */
export interface StepEvent extends Timed {
  readonly type: "step";
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  /** The terms of the loss; they add up to it. */
  readonly terms: Readonly<Record<string, number>>;
  /** Of the ensemble on this training batch. */
  readonly accuracy: number;
  readonly lr: number;
  readonly imagesPerSecond: number;
  /** Before clipping; null where nothing is clipped. */
  readonly gradNorm: number | null;
}

/**
 * Sent after an epoch's last step: means over its images.
 *
 * @example
 * if (event.type === "epoch") console.log(event.epoch, event.loss, event.accuracy);
 */
export interface EpochEvent extends Timed {
  readonly type: "epoch";
  readonly epoch: number;
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly accuracy: number;
  /** Of the epoch's last step. */
  readonly lr: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/**
 * Sent before the first step: a picture of images of its batch, as the network sees them (logs.images).
 *
 * @example
 * if (event.type === "images") console.log(event.file);
 */
export interface ImagesEvent extends Timed {
  readonly type: "images";
  readonly epoch: number;
  readonly step: number;
  /** The name of a PNG file in the run's folder. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Of each image, in reading order; an image's views are side by side. Of mixed images the first one's. */
  readonly classes: readonly string[];
}

/**
 * How values are spread over `counts.length` equal intervals from `min` to `max`.
 *
 * @example
 * const mean = ({ sum, counts }: Histogram): number => sum / counts.reduce((total, count) => total + count, 0);
 */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly counts: readonly number[];
  readonly sum: number;
  readonly sumOfSquares: number;
}

/**
 * Sent after an epoch, every so many (logs.histogramsEvery): weights, and their gradients in its last step, by name.
 *
 * @example
 * if (event.type === "histograms") console.log(event.epoch);
 */
export interface HistogramsEvent extends Timed {
  readonly type: "histograms";
  readonly epoch: number;
  readonly weights: Readonly<Record<string, Histogram>>;
  readonly gradients: Readonly<Record<string, Histogram>>;
}

/**
 * Images that were evaluated: the test images, or the training images held out to select an epoch.
 *
 * @example
 * const split: EvaluatedSplit = "test";
 */
export type EvaluatedSplit = "test" | "held-out";

/**
 * Sent after an evaluation, without the confusion matrix, which only the last one leaves, in result.json.
 *
 * @example
 * if (event.type === "evaluation") console.log(event.epoch, event.split, event.ensemble.all);
 */
export interface EvaluationEvent extends Timed, Omit<EvaluationResult, "confusion"> {
  readonly type: "evaluation";
  readonly epoch: number;
  readonly split: EvaluatedSplit;
  readonly seconds: number;
}

/**
 * Sent when a checkpoint has been written.
 *
 * @example
 * if (event.type === "checkpoint") console.log(event.path);
 */
export interface CheckpointEvent extends Timed {
  readonly type: "checkpoint";
  readonly path: string;
  /** Whole epochs behind it. */
  readonly epoch: number;
  /** Steps of the epoch that follows; 0 at an epoch's end. */
  readonly step: number;
}

/**
 * Sent for what was decided without being asked: where the test images are from, for one.
 *
 * @example
 * if (event.type === "note") console.log(event.message);
 */
export interface NoteEvent extends Timed {
  readonly type: "note";
  readonly message: string;
}

/**
 * Sent for something that a person should know and that does not stop the run: libtorch's warnings, for one.
 *
 * @example
 * if (event.type === "warning") console.warn(event.message);
 */
export interface WarningEvent extends Timed {
  readonly type: "warning";
  readonly message: string;
}

/**
 * Sent last in every run.
 *
 * @example
 * if (event.type === "end") console.log(event.reason, event.seconds);
 */
export interface EndEvent extends Timed {
  readonly type: "end";
  readonly reason: "finished" | "interrupted" | "failed";
  /** What went wrong, when it failed. */
  readonly message: string | null;
  readonly seconds: number;
  /** The process's largest resident set so far, in bytes. */
  readonly peakMemory: number;
}

/** An event before it is stamped with its time. */
export type Untimed<Event> = Event extends TrainingEvent ? Omit<Event, "time"> : never;

export type Emit = (event: Untimed<TrainingEvent>) => void;

/** Stamps events and hands them to every listener. */
export function emitter(listeners: readonly Listener[]): Emit {
  return (event) => {
    const timed = { time: new Date(steadyNow()).toISOString(), ...event };
    for (const listen of listeners) listen(timed);
  };
}
