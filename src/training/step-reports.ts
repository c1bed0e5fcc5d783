import { secondsSince } from "../support/units.js";
import { LEAST_SCALE } from "../optim/loss-scaler.js";
import { divergenceError, LossHistory, scaleError, type Failure } from "./divergence.js";
import type { EpochTotals } from "./epoch-totals.js";
import type { Run } from "./epochs.js";
import type { Reading } from "./graph/reading.js";

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

  /** @throws TrainingError when the loss of a step that is due is no number, or its gradients are none at any scale. */
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
    const { right, scale, ...numbers } = outcome;
    const { loss } = numbers;
    if (!Number.isFinite(loss)) throw divergenceError(this.#failure({ loss, step, lr, indices }));
    if (scale !== null && !(scale >= LEAST_SCALE))
      throw scaleError({ ...this.#failure({ loss, step, lr, indices }), scale });
    this.#losses.add(loss);
    this.#totals.add(outcome, images);
    const accuracy = (100 * right) / images;
    const imagesPerSecond = images / secondsSince(Math.max(started, this.#toldAt));
    const at = { epoch: this.#epoch + 1, step: step + 1 };
    this.#run.emit({ type: "step", ...at, ...numbers, accuracy, lr, imagesPerSecond });
    this.#toldAt = performance.now();
  }

  #failure(at: Pick<RunStep, "step" | "lr" | "indices"> & { loss: number }): Failure {
    const { recipe, trainData: dataset, trainLoader } = this.#run;
    const { stepsPerEpoch } = trainLoader;
    const before = this.#losses.latest;
    return { ...at, epoch: this.#epoch + 1, step: at.step + 1, stepsPerEpoch, recipe, dataset, before };
  }

  /** Lets go of steps that are not told any more. */
  [Symbol.dispose](): void {
    for (const { reading } of this.#pending) reading[Symbol.dispose]();
  }
}
