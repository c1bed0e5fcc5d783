import type { CacheProgress } from "../data/cache/report.js";
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
 * What a training run tells its listeners: the console, metrics.jsonl, and whoever else listens. The training code
 * prints nothing itself. Epochs and steps count from 1. Losses are batch means, accuracies are in percent.
 */
export type TrainingEvent =
  | CacheEvent
  | RunEvent
  | EpochStartEvent
  | StepEvent
  | ImagesEvent
  | EpochEvent
  | HistogramsEvent
  | EvaluationEvent
  | CheckpointEvent
  | WarningEvent
  | EndEvent;

/** Receives every event, in order, synchronously. What it throws ends the run. */
export type Listener = (event: TrainingEvent) => void;

interface Timed {
  /** ISO 8601, UTC; of the events of one process it never goes back. */
  readonly time: string;
}

/** While images are cached (data.cache), before everything else: `images` of `total` are, in `bytes`. */
export interface CacheEvent extends Timed, CacheProgress {}

/** Once, before the first step. */
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
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** What the run goes on from; null when it starts. */
  readonly from: { readonly epoch: number; readonly step: number } | null;
}

export interface EpochStartEvent extends Timed {
  readonly type: "epoch-start";
  readonly epoch: number;
  /** Name of the epoch's phase, where the recipe has phases. */
  readonly phase?: string;
  /** Of the epoch's first step. */
  readonly lr: number;
}

/** After every step. */
export interface StepEvent extends Timed {
  readonly type: "step";
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  /** The terms of the loss; they add up to it. */
  readonly parts: Readonly<Record<string, number>>;
  /** Of the ensemble on this training batch. */
  readonly accuracy: number;
  readonly lr: number;
  readonly imagesPerSecond: number;
  /** Before clipping; null where nothing is clipped. */
  readonly gradNorm: number | null;
}

/** After an epoch's last step: means over its images. */
export interface EpochEvent extends Timed {
  readonly type: "epoch";
  readonly epoch: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly accuracy: number;
  /** Of the epoch's last step. */
  readonly lr: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/** Before the first step: a picture of images of its batch, as the network sees them (logs.images). */
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

/** How values are spread over `counts.length` equal intervals from `min` to `max`. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly counts: readonly number[];
  readonly sum: number;
  readonly sumOfSquares: number;
}

/** After an epoch, every so many (logs.histogramsEvery): weights, and their gradients in its last step, by name. */
export interface HistogramsEvent extends Timed {
  readonly type: "histograms";
  readonly epoch: number;
  readonly weights: Readonly<Record<string, Histogram>>;
  readonly gradients: Readonly<Record<string, Histogram>>;
}

/** Which images were judged: the test images, or the training images held out to select an epoch. */
export type EvaluatedSplit = "test" | "held-out";

/** Without the confusion matrix, which only the last one leaves, in result.json. */
export interface EvaluationEvent extends Timed, Omit<EvaluationResult, "confusion"> {
  readonly type: "evaluation";
  readonly epoch: number;
  readonly split: EvaluatedSplit;
  readonly seconds: number;
}

export interface CheckpointEvent extends Timed {
  readonly type: "checkpoint";
  readonly path: string;
  /** Whole epochs behind it. */
  readonly epoch: number;
  /** Steps of the epoch that follows; 0 at an epoch's end. */
  readonly step: number;
}

/** Something a person should know that does not stop the run: libtorch's warnings, for one. */
export interface WarningEvent extends Timed {
  readonly type: "warning";
  readonly message: string;
}

/** The last event of every run. */
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
