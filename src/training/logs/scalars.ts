import type { GroupAccuracy } from "../../evaluation/scores.js";
import type { EpochEvent, EvaluationEvent, StepEvent } from "../events.js";

/** A number with the name that TensorBoard and MLflow show it by; names before a slash are groups of plots. */
export type Scalar = readonly [name: string, value: number];

/** Of a step: train/… */
export function stepScalars({ loss, parts, accuracy, lr, imagesPerSecond, gradNorm }: StepEvent): Scalar[] {
  return [
    ["train/loss", loss],
    ...partsOf("train", parts),
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
    ...partsOf("epoch", event.parts),
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

function partsOf(prefix: string, parts: StepEvent["parts"]): Scalar[] {
  return Object.entries(parts).map(([name, value]) => [`${prefix}/loss-${name}`, value]);
}

function groupsOf(prefix: string, scores: GroupAccuracy): Scalar[] {
  return (["all", "many", "medium", "few"] as const).flatMap((group) => {
    const value = scores[group];
    return value === null ? [] : [[`${prefix}/${group}`, value]];
  });
}
