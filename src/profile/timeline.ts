/** What a profile records, and the clock it is recorded by. */
import type { StageSpan } from "../data/loader/timeline.js";
import type { StepPhase } from "../training/step.js";

/** A step, or a phase of one, on the thread that trains. In milliseconds of process.hrtime's clock, as StageSpan. */
export interface TrainingSpan {
  readonly phase: StepPhase | "step";
  readonly begin: number;
  readonly end: number;
}

export interface Timeline {
  /** Of the recording. */
  readonly begin: number;
  readonly end: number;
  readonly training: readonly TrainingSpan[];
  readonly images: readonly StageSpan[];
}

export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
