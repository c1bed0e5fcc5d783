import { existsSync, linkSync, rmSync } from "node:fs";
import { rename } from "../support/atomic-file.js";
import { classStatistics } from "../data/statistics.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Emit, Position } from "../runs/events.js";
import type { RunFolder } from "../runs/run-folder.js";
import { scope } from "../torch/scope.js";
import { type Progress, saveCheckpoint } from "./checkpoint.js";
import type { Agreement } from "./distributed/agreement.js";
import { randomStates } from "./distributed/random-states.js";
import { assertFinite } from "./divergence.js";
import type { Training } from "./prepare.js";

const MINUTE_MS = 60_000;

/** Says when the next checkpoint is due: after so many epochs, steps or minutes, whichever comes first. */
class CheckpointClock {
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

interface CheckpointerOptions {
  readonly folder: RunFolder;
  readonly emit: Emit;
  readonly agreement: Agreement;
}

/** Writes a run's checkpoints when they are due. Of several processes the first one writes. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #recipe: ResolvedRecipe;
  readonly #clock: CheckpointClock;

  /** recipe: the run's, with all its phases. */
  constructor(recipe: ResolvedRecipe, options: CheckpointerOptions) {
    this.#options = options;
    this.#recipe = recipe;
    this.#clock = new CheckpointClock(recipe.checkpoints);
  }

  /** Call it after each step, with the position after it. `progress` is asked for only when a checkpoint is due. */
  maybeSave(training: Training, position: Position, progress: () => Progress): void {
    const due =
      position.step > 0
        ? this.#clock.dueAfterStep()
        : position.epoch === training.phase.end || this.#clock.dueAfterEpoch(position.epoch);
    if (this.#options.agreement.any(due)) this.save(training, progress());
  }

  /** Writes a checkpoint unless nothing was trained since the last one. */
  saveIfBehind(training: Training, progress: Progress): void {
    if (!this.#clock.isCurrent) this.save(training, progress);
  }

  /** Writes the newest checkpoint; the one before it is kept. */
  save(training: Training, progress: Progress): void {
    const { peers } = training;
    const { folder, emit } = this.#options;
    const { epoch, step } = progress;
    assertStateIsFinite(training, epoch);
    if (peers.rank === 0) keepPrevious(folder);
    this.#write(training, folder.lastCheckpoint, progress);
    this.#clock.saved();
    emit({ type: "checkpoint", path: folder.lastCheckpoint, epoch, step });
  }

  /** Writes the checkpoint of the best epoch so far. */
  saveBest(training: Training, progress: Progress): void {
    this.#write(training, this.#options.folder.bestCheckpoint, progress);
  }

  /** The first process writes, with what only the others know. */
  #write(training: Training, path: string, progress: Progress): void {
    const states = randomStates(training);
    const { trainee, data, peers } = training;
    if (peers.rank > 0) return;
    using _scope = scope();
    const { classes, counts } = data.statistics;
    const state = trainee.stateDict();
    saveCheckpoint(path, {
      recipe: this.#recipe,
      classes,
      counts,
      trained: classStatistics(data.trainSubset).counts,
      ...progress,
      state,
      randomStates: states,
    });
  }
}

/** @throws TrainingError that names the tensors. */
function assertStateIsFinite({ recipe, trainee }: Training, epoch: number): void {
  using _scope = scope();
  const { model, optimizer, ema } = trainee.stateDict();
  const named = [
    ...model,
    ...[...optimizer].map(([name, value]) => [`optimizer ${name}`, value] as const),
    ...[...(ema ?? [])].map(([name, value]) => [`ema ${name}`, value] as const),
  ];
  assertFinite(new Map(named), { recipe, epoch, lr: trainee.optimizer.lr });
}

/** Keeps the newest checkpoint under a second name, so that one is left should the next prove damaged. */
function keepPrevious({ lastCheckpoint, previousCheckpoint }: RunFolder): void {
  if (!existsSync(lastCheckpoint)) return;
  try {
    rmSync(previousCheckpoint, { force: true });
    linkSync(lastCheckpoint, previousCheckpoint);
  } catch {
    rename(lastCheckpoint, previousCheckpoint); // a file system without hard links, or one that takes nothing
  }
}
