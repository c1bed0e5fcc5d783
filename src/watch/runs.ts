import type { Timeline } from "../runs/timeline.js";

export { epochsAfter, type Timeline } from "../runs/timeline.js";

/** What converts a run's steps to epochs; null while its first event is not known. */
export function timelineOf({ epochs, stepsPerEpoch, phases }: RunSummary): Timeline | null {
  if (epochs === null || stepsPerEpoch === null) return null;
  return phases === null ? { epochs, stepsPerEpoch } : { epochs, stepsPerEpoch, phases };
}

/** What is known of runs. Accuracies are in percent, times ISO 8601 in UTC. */

/**
 * running: its process works, or its files changed lately; silent: they have not for long, from a machine whose processes
 * are not ours to see. The others are ends.
 */
export type RunState = "running" | "silent" | "finished" | "interrupted" | "failed";

export interface GroupScores {
  readonly all: number | null;
  readonly many: number | null;
  readonly medium: number | null;
  readonly few: number | null;
}

/** Of the ensemble. */
export interface Accuracy extends GroupScores {
  readonly split: string;
  readonly epoch: number;
}

/** A row of the list. What is not known yet is null. */
export interface RunSummary {
  /** The run's folder, below the one that is watched; "." is that one itself. */
  readonly id: string;
  readonly name: string | null;
  readonly state: RunState;
  /** Why it failed, or how else it ended. */
  readonly message: string | null;
  readonly started: string | null;
  /** When its last event came. */
  readonly heard: string | null;
  readonly device: string | null;
  readonly threads: number | null;
  readonly seed: number | null;
  readonly classes: number | null;
  readonly trainImages: number | null;
  readonly parameters: number | null;
  readonly epochs: number | null;
  /** Of the epoch that goes on. */
  readonly stepsPerEpoch: number | null;
  /** Name of the phase that goes on, and all phases, of a recipe that has some. */
  readonly phase: string | null;
  readonly phases: NonNullable<Timeline["phases"]> | null;
  /** The epoch that goes on, from 1, and its steps that are done. */
  readonly epoch: number;
  readonly step: number;
  readonly loss: number | null;
  /** On the training images, of the last epoch. */
  readonly trainAccuracy: number | null;
  readonly learningRate: number | null;
  readonly imagesPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** The result's, when there is one; else of the last evaluation. */
  readonly accuracy: Accuracy | null;
  /** The epoch is the selected one's, by the images that are named. */
  readonly selectedOn: string | null;
  /** Whether there is a page about it, at report?run=ID. */
  readonly hasReport: boolean;
  /** Bytes, of the process that has ended. */
  readonly peakMemory: number | null;
}

export interface RunList {
  /** The folder that is watched. */
  readonly folder: string;
  readonly runs: readonly RunSummary[];
  /** False when the folder holds too many folders to look into all. */
  readonly complete: boolean;
}
