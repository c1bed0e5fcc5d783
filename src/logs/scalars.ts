import { ALL_AND_GROUPS } from "../data/groups.js";
import type { GroupAccuracy } from "../evaluation/scores.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { EpochEvent, EvaluationEvent, StepEvent, TrainingEvent } from "../runs/events.js";
import { stepsOfEpochs, type Timeline } from "../runs/timeline.js";

/** A number with the name that TensorBoard and MLflow show it by; names before a slash are groups of plots. */
export type Scalar = readonly [name: string, value: number];

/** Numbers of one moment; the step counts from 1 over the whole training. */
interface ScalarsAt {
  readonly step: number;
  readonly scalars: readonly Scalar[];
}

/** Numbers in events, with the training step that they belong to. Begins with the run's first event. */
export class ScalarStream {
  readonly #everySteps: number;
  #run: Timeline = { epochs: 0, stepsPerEpoch: 0 };
  /** The latest epoch that was logged. */
  #epoch = 0;

  constructor({ everySteps }: Pick<ResolvedRecipe["logs"], "everySteps">) {
    this.#everySteps = everySteps;
  }

  /** The last step of an epoch. */
  lastStepOf(epoch: number): number {
    return stepsOfEpochs(this.#run, epoch);
  }

  /** Of steps every k-th alone (logs.everySteps); null for what holds no number. */
  at(event: TrainingEvent): ScalarsAt | null {
    switch (event.type) {
      case "run":
        this.#run = event;
        this.#epoch = event.from?.epoch ?? 0;
        return null;
      case "step": {
        const step = this.lastStepOf(event.epoch - 1) + event.step;
        return step % this.#everySteps === 0 ? { step, scalars: stepScalars(event) } : null;
      }
      case "epoch":
        this.#epoch = event.epoch;
        return { step: this.lastStepOf(event.epoch), scalars: epochScalars(event) };
      case "evaluation": {
        // The selected epoch is evaluated again after the last: under names of its own, since steps of a name only grow.
        const prefix = event.epoch < this.#epoch ? "selected/" : "";
        const scalars = evaluationScalars(event).map(([name, value]): Scalar => [prefix + name, value]);
        return { step: this.lastStepOf(event.epoch), scalars };
      }
      default:
        return null;
    }
  }
}

/** Of a step: train/… */
function stepScalars({ loss, terms, accuracy, lr, imagesPerSecond, gradNorm }: StepEvent): Scalar[] {
  return [
    ["train/loss", loss],
    ...termsOf("train", terms),
    ["train/accuracy", accuracy],
    ["train/learning-rate", lr],
    ["train/images-per-second", imagesPerSecond],
    ...(gradNorm === null ? [] : [["train/gradient-norm", gradNorm] as const]),
  ];
}

/** Of an epoch, means over its images: epoch/… */
export function epochScalars(event: EpochEvent): Scalar[] {
  return [
    ["epoch/loss", event.loss],
    ...termsOf("epoch", event.terms),
    ["epoch/accuracy", event.accuracy],
    ["epoch/learning-rate", event.lr],
    ["epoch/images-per-second", event.imagesPerSecond],
    ["epoch/seconds", event.seconds],
  ];
}

/** Of an evaluation: test/… or held-out/…, of the ensemble and each expert; a group without images is left out. */
export function evaluationScalars(event: EvaluationEvent): Scalar[] {
  const { split, ensemble, experts, loss } = event;
  return [
    [`${split}/loss`, loss],
    ...groupsOf(`${split}/ensemble`, ensemble),
    ...experts.flatMap((scores, k) => groupsOf(`${split}/expert-${k + 1}`, scores)),
  ];
}

function termsOf(prefix: string, terms: StepEvent["terms"]): Scalar[] {
  return Object.entries(terms).map(([name, value]) => [`${prefix}/loss-${name}`, value]);
}

function groupsOf(prefix: string, scores: GroupAccuracy): Scalar[] {
  return ALL_AND_GROUPS.flatMap((group) => {
    const value = scores[group];
    return value === null ? [] : [[`${prefix}/${group}`, value]];
  });
}
