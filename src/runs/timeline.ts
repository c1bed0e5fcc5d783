import type { RunEvent } from "./events.js";

/** What a run's first event says of its steps. */
export type Timeline = Pick<RunEvent, "epochs" | "stepsPerEpoch" | "phases">;

/** Epochs of a run that have the same number of steps. */
interface Stretch {
  /** Of the phase; null for a recipe without phases. */
  readonly name: string | null;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

function stretches({ epochs, stepsPerEpoch, phases }: Timeline): readonly Stretch[] {
  return phases ?? [{ name: null, epochs, stepsPerEpoch }];
}

/** The phase of an epoch, counted from 1; of one after the last epoch the last phase. */
export function phaseOfEpoch(run: Timeline, epoch: number): Stretch {
  const all = stretches(run);
  let end = 0;
  return all.find(({ epochs }) => epoch <= (end += epochs)) ?? all.at(-1)!;
}

/** Steps of a run's first so many epochs. */
export function stepsOfEpochs(run: Timeline, epochs: number): number {
  let left = epochs;
  let steps = 0;
  const all = stretches(run);
  for (const [index, phase] of all.entries()) {
    const within = index === all.length - 1 ? left : Math.min(left, phase.epochs);
    steps += within * phase.stepsPerEpoch;
    left -= within;
  }
  return steps;
}

/** Steps of the whole run. */
export function totalSteps(run: Timeline): number {
  return stepsOfEpochs(run, run.epochs);
}

/** Epochs behind a run after so many steps, the last one in part. */
export function epochsAfter(run: Timeline, steps: number): number {
  let left = steps;
  let epochs = 0;
  for (const phase of stretches(run)) {
    if (left <= phase.epochs * phase.stepsPerEpoch) return epochs + left / phase.stepsPerEpoch;
    left -= phase.epochs * phase.stepsPerEpoch;
    epochs += phase.epochs;
  }
  return epochs + left / stretches(run).at(-1)!.stepsPerEpoch;
}
