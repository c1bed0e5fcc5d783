import type { TrainingEvent } from "../runs/events.js";

/** Something that writes down what a run tells, until it is disposed of. What it throws ends the run. */
export interface Log extends Disposable {
  handle(event: TrainingEvent): void;
}
