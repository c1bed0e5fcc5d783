import { secondsSince } from "../support/units.js";
import { divergenceError, LossHistory } from "./divergence.js";
import type { EpochTotals } from "./epoch-totals.js";
import type { Run } from "./epochs.js";
import type { Reading } from "./stepping/reading.js";

/** A step of an epoch that was run, before it is told. */
interface RunStep {
  readonly step: number; // of the epoch, from 0
  readonly lr: number;
  /** Of the whole batch. */
  readonly images: number;
  /** This process's images of the batch, in the dataset. */
  readonly indices: Int32Array;
  /** By performance.now(). */
  readonly started: number;
  readonly reading: Reading;
}

/**
 * Tells an epoch's steps, in their order, and adds them up; ends the run when a loss is no number. On a GPU a step is
 * told after the next one was begun, so that nothing waits for the GPU in between: see `finish`.
 */
export class StepReports implements Disposable {
  readonly #run: Pick<Run, "recipe" | "trainData" | "trainLoader" | "emit">;
  readonly #epoch: number;
  readonly #totals: EpochTotals;
  readonly #behind: number;
  readonly #losses = new LossHistory();
  readonly #pending: RunStep[] = [];
  #toldAt = -Infinity;

  /** epoch: from 0. behind: how many steps may be begun after one before it is told. */
  constructor(
    run: Pick<Run, "recipe" | "trainData" | "trainLoader" | "emit">,
    { epoch, totals, behind }: { epoch: number; totals: EpochTotals; behind: number },
  ) {
    this.#run = run;
    this.#epoch = epoch;
    this.#totals = totals;
    this.#behind = behind;
  }

  /** @throws TrainingError when the loss of a step that is due is no number. */
  add(step: RunStep): void {
    this.#pending.push(step);
    while (this.#pending.length > this.#behind) this.#tell(this.#pending.shift()!);
  }

  /** Waits for what was begun, and tells it: before the totals are used, and before a checkpoint. */
  finish(): void {
    while (this.#pending.length > 0) this.#tell(this.#pending.shift()!);
  }

  #tell({ step, lr, images, indices, started, reading }: RunStep): void {
    const outcome = reading.read();
    const { loss } = outcome;
    if (!Number.isFinite(loss)) throw this.#diverged({ loss, step, lr, indices });
    this.#losses.add(loss);
    this.#totals.add(outcome, images);
    const { right, ...numbers } = outcome;
    const accuracy = (100 * right) / images;
    const imagesPerSecond = images / secondsSince(Math.max(started, this.#toldAt));
    const at = { epoch: this.#epoch + 1, step: step + 1 };
    this.#run.emit({ type: "step", ...at, ...numbers, accuracy, lr, imagesPerSecond });
    this.#toldAt = performance.now();
  }

  #diverged({ loss, step, lr, indices }: Pick<RunStep, "step" | "lr" | "indices"> & { loss: number }): Error {
    const { recipe, trainData, trainLoader } = this.#run;
    const where = { epoch: this.#epoch + 1, step: step + 1, stepsPerEpoch: trainLoader.stepsPerEpoch, lr };
    return divergenceError({
      ...{ recipe, loss, indices },
      before: this.#losses.latest,
      ...where,
      dataset: trainData,
    });
  }

  /** Lets go of steps that are not told any more. */
  [Symbol.dispose](): void {
    for (const { reading } of this.#pending) reading[Symbol.dispose]();
  }
}
