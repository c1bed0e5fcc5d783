import type { EpochEvent, StepEvent } from "../../runs/events.js";
import { phaseOfEpoch, type Timeline } from "../../runs/timeline.js";

/** What a stretch of the training was like on average. */
export interface TrainingPoint extends Pick<
  EpochEvent,
  "loss" | "terms" | "accuracy" | "lr" | "imagesPerSecond"
> {
  /** Epochs behind its last step. */
  readonly at: number;
}

/** A training of more epochs than this is shown by its epochs. */
const MAX_EPOCHS = 30;
/** About so many points a curve has. */
const POINTS = 80;

type Numbers = Pick<TrainingPoint, "loss" | "accuracy" | "lr" | "imagesPerSecond">;

interface Stretch {
  steps: number;
  last: StepEvent;
  readonly sums: Record<keyof Numbers, number>;
  readonly terms: Record<string, number>;
}

/** Means over stretches of steps, so that a training of few epochs has a curve. */
export class StepMeans {
  readonly #run: Timeline;
  readonly #perEpoch: number;
  readonly #stretches = new Map<number, Stretch>();

  private constructor(run: Timeline, perEpoch: number) {
    this.#run = run;
    this.#perEpoch = perEpoch;
  }

  /** Null for a training that is long enough without. */
  static of(run: Timeline): StepMeans | null {
    if (run.epochs > MAX_EPOCHS) return null;
    return new StepMeans(run, Math.ceil(POINTS / run.epochs));
  }

  add(step: StepEvent): void {
    const { stepsPerEpoch } = phaseOfEpoch(this.#run, step.epoch);
    const perEpoch = Math.min(stepsPerEpoch, this.#perEpoch);
    const place = Math.floor(((step.step - 1) * perEpoch) / stepsPerEpoch);
    const key = (step.epoch - 1) * this.#perEpoch + place;
    const stretch = this.#stretches.get(key) ?? emptyStretch(step);
    this.#stretches.set(key, stretch);
    stretch.steps += 1;
    stretch.last = step;
    for (const name of Object.keys(stretch.sums) as (keyof Numbers)[]) stretch.sums[name] += step[name];
    for (const [name, value] of Object.entries(step.terms))
      stretch.terms[name] = (stretch.terms[name] ?? 0) + value;
  }

  points(): TrainingPoint[] {
    return [...this.#stretches.values()].map(({ steps, last, sums, terms }) => ({
      at: last.epoch - 1 + last.step / phaseOfEpoch(this.#run, last.epoch).stepsPerEpoch,
      loss: sums.loss / steps,
      accuracy: sums.accuracy / steps,
      lr: last.lr,
      imagesPerSecond: sums.imagesPerSecond / steps,
      terms: Object.fromEntries(Object.entries(terms).map(([name, sum]) => [name, sum / steps])),
    }));
  }
}

function emptyStretch(last: StepEvent): Stretch {
  return { steps: 0, last, sums: { loss: 0, accuracy: 0, lr: 0, imagesPerSecond: 0 }, terms: {} };
}
