import { assertTerms } from "../methods/index.js";
import { MIN_SCALE } from "../optim/loss-scaler.js";
import type { Emit } from "../runs/events.js";
import { secondsSince } from "../support/units.js";
import type { EpochSums } from "./checkpoint.js";
import { divergenceError, type Failure, scaleError } from "./divergence.js";
import type { Training } from "./prepare.js";
import type { CompletedStep } from "./steps.js";

const KEPT_LOSSES = 5;

/** Means over the images of an epoch so far. */
interface EpochMeans {
  readonly loss: number;
  readonly terms: Record<string, number>;
  /** Percent. */
  readonly accuracy: number;
  /** Images per second of the steps that this process ran. */
  readonly imagesPerSecond: number;
  readonly seconds: number;
}

const NOTHING: EpochSums = { images: 0, correct: 0, loss: 0, terms: {} };

type Logged = Pick<Training, "recipe"> & {
  readonly data: Pick<Training["data"], "trainSubset">;
  readonly loaders: { readonly train: Pick<Training["loaders"]["train"], "stepsPerEpoch"> };
  readonly emit: Emit;
};

/** Emits an event for each step of an epoch and adds the steps up; ends the run when a loss is not finite. */
export class StepLog {
  readonly #run: Logged;
  readonly #started = performance.now();
  readonly #imagesBefore: number;
  #sums: EpochSums;
  /** The latest losses of the epoch, for the error when one is not finite. */
  #losses: readonly number[] = [];
  #loggedAt = -Infinity;

  /** sums: of the epoch's steps that were made before. */
  constructor(run: Logged, sums: EpochSums | null = null) {
    this.#run = run;
    this.#sums = sums ?? NOTHING;
    this.#imagesBefore = this.#sums.images;
  }

  /** Sums over the epoch's images so far. */
  get sums(): EpochSums {
    return this.#sums;
  }

  /** @throws TrainingError when a step's loss is not finite, or its gradients are not at any scale of the loss. */
  add(steps: readonly CompletedStep[]): void {
    for (const step of steps) this.#log(step);
  }

  #log(step: CompletedStep): void {
    const { at, lr, images, started, outcome } = step;
    const { correct, scale, terms, ...numbers } = outcome;
    const { loss } = numbers;
    if (!Number.isFinite(loss)) throw divergenceError(this.#failure(step));
    if (scale !== null && !(scale >= MIN_SCALE)) throw scaleError({ ...this.#failure(step), scale });
    if (this.#losses.length === 0) assertTerms(this.#run.recipe, { loss, terms });
    this.#losses = [...this.#losses, loss].slice(-KEPT_LOSSES);
    this.#addUp(step);
    this.#run.emit({
      type: "step",
      epoch: at.epoch + 1,
      step: at.step + 1,
      ...numbers,
      terms,
      accuracy: (100 * correct) / images,
      lr,
      imagesPerSecond: images / secondsSince(Math.max(started, this.#loggedAt)),
    });
    this.#loggedAt = performance.now();
  }

  #addUp({ images, outcome }: CompletedStep): void {
    const { terms: known, ...sums } = this.#sums;
    const added = Object.entries(outcome.terms).map(
      ([name, value]) => [name, (known[name] ?? 0) + value * images] as const,
    );
    this.#sums = {
      images: sums.images + images,
      correct: sums.correct + outcome.correct,
      loss: sums.loss + outcome.loss * images,
      terms: { ...known, ...Object.fromEntries(added) },
    };
  }

  /** Means over the epoch's images so far. */
  means(): EpochMeans {
    const { images, correct, loss, terms } = this.#sums;
    const seconds = secondsSince(this.#started);
    return {
      loss: loss / images,
      terms: Object.fromEntries(Object.entries(terms).map(([name, total]) => [name, total / images])),
      accuracy: (100 * correct) / images,
      imagesPerSecond: (images - this.#imagesBefore) / seconds,
      seconds,
    };
  }

  #failure({ at, lr, indices, outcome }: CompletedStep): Failure {
    const { recipe, data, loaders } = this.#run;
    return {
      recipe,
      loss: outcome.loss,
      before: this.#losses,
      epoch: at.epoch + 1,
      step: at.step + 1,
      stepsPerEpoch: loaders.train.stepsPerEpoch,
      lr,
      dataset: data.trainSubset,
      indices,
    };
  }
}
