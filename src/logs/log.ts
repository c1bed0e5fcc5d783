import type { TrainingEvent } from "../runs/events.js";

/** A log of a run's events, until it is disposed of. An error that it throws ends the run. */
export interface Log extends Disposable {
  handle(event: TrainingEvent): void;
}
