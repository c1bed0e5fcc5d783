import type { ResolvedRecipe } from "../recipes/schema.js";

const MINUTE_MS = 60_000;

/** Says when the next checkpoint is due: after so many epochs, steps or minutes, whichever comes first. */
export class CheckpointClock {
  readonly #every: ResolvedRecipe["checkpoints"];
  readonly #now: () => number;
  #steps = 0;
  #savedAt: number;

  /** now: milliseconds of a clock that never goes back. */
  constructor(every: ResolvedRecipe["checkpoints"], now: () => number = () => performance.now()) {
    this.#every = every;
    this.#now = now;
    this.#savedAt = now();
  }

  /** Call it after each step that does not end an epoch. */
  dueAfterStep(): boolean {
    this.#steps += 1;
    const { steps, minutes } = this.#every;
    const minutesPassed = (this.#now() - this.#savedAt) / MINUTE_MS;
    return (steps !== null && this.#steps >= steps) || (minutes !== null && minutesPassed >= minutes);
  }

  /** Call it after each epoch but the last, of which there always is a checkpoint. */
  dueAfterEpoch(epochsDone: number): boolean {
    return epochsDone % this.#every.epochs === 0 || this.dueAfterStep();
  }

  /** Whether nothing was trained since the last checkpoint. */
  get isCurrent(): boolean {
    return this.#steps === 0;
  }

  saved(): void {
    this.#steps = 0;
    this.#savedAt = this.#now();
  }
}
