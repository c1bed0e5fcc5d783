import { counted } from "../support/text.js";

/** How the learning rate changes over the epochs, after and besides the warm-up. */
export type Decay =
  | { kind: "constant" }
  | { kind: "multistep"; milestones: readonly number[]; gamma: number } // epochs, counted from 1, from which the rate is lower
  | { kind: "cosine"; end: number; every: "epoch" | "epoch-from-0" | "step" }; // rate of the last epoch, or after it

export type Schedule = Decay & { warmupEpochs: number; warmupSteps: number };

interface Moment {
  baseLr: number;
  epoch: number; // from 0
  step: number; // within the epoch, from 0
  stepsPerEpoch: number;
  epochs: number; // of the whole training
}

const WARMUP_START = 1 / 3;

/**
 * Rate of a training step: decay × warm-up. With e the epoch counted from 1, as the reference's schedulers count
 * (they are stepped before the first epoch), E epochs in all and base rate η:
 *   multistep: η · gamma^(number of milestones ≤ e)
 *   cosine:    end + (η − end) · (1 + cos(π e / E)) / 2     (Loshchilov and Hutter, ICLR 2017); with every: "step", e is the
 *              epochs trained so far, e.g. 1.5, so that no epoch is trained at the rate of the end; with
 *              "epoch-from-0" their whole number
 *   warm-up over W epochs, e < W: 1/3 + 2/3 · e/W           (the reference's)
 *   warm-up over S steps, step s counted from 1, s < S: s/S (our own, for short trainings)
 */
export function learningRate(schedule: Schedule, moment: Moment): number {
  return decayed(schedule, moment) * warmup(schedule, moment);
}

/**
 * What a training is too short for, a sentence each: milestones after its last epoch, a cosine that is at its end from the first
 * step, a warm-up that does not end.
 */
export function scheduleWarnings(
  schedule: Schedule,
  { epochs, stepsPerEpoch }: Pick<Moment, "epochs" | "stepsPerEpoch">,
): string[] {
  const warnings: string[] = [];
  const milestones = schedule.kind === "multistep" ? schedule.milestones : [];
  const late = milestones.filter((milestone) => milestone > epochs);
  if (late.length > 0)
    warnings.push(
      `schedule.milestones: ${late.join(", ")} ${late.length === 1 ? "lies" : "lie"} after the last epoch, ${epochs}: ` +
        (late.length === milestones.length
          ? "the learning rate never drops."
          : `the learning rate drops only at ${milestones.filter((one) => one <= epochs).join(", ")}.`),
    );
  if (schedule.kind === "cosine" && schedule.every === "epoch" && epochs === 1)
    warnings.push(
      `schedule: the last epoch of a cosine has the rate schedule.end, ${schedule.end}, and this is the only one; schedule.every=step falls ` +
        "from optimizer.lr within it.",
    );
  const { warmupEpochs, warmupSteps } = schedule;
  const unended = "the learning rate never reaches optimizer.lr";
  if (warmupEpochs > epochs)
    warnings.push(
      `schedule.warmupEpochs: a warm-up of ${counted(warmupEpochs, "epoch")} is longer than the training, ${epochs}: ${unended}.`,
    );
  if (warmupSteps > epochs * stepsPerEpoch)
    warnings.push(
      `schedule.warmupSteps: a warm-up of ${counted(warmupSteps, "step")} is longer than the training, ${epochs * stepsPerEpoch}: ${unended}.`,
    );
  return warnings;
}

function decayed(schedule: Decay, { baseLr, epoch, step, stepsPerEpoch, epochs }: Moment): number {
  const e = epoch + 1;
  switch (schedule.kind) {
    case "constant":
      return baseLr;
    case "multistep":
      return baseLr * schedule.gamma ** schedule.milestones.filter((milestone) => milestone <= e).length;
    case "cosine": {
      const trained = { epoch: e, "epoch-from-0": epoch, step: epoch + step / stepsPerEpoch }[schedule.every];
      return schedule.end + ((baseLr - schedule.end) * (1 + Math.cos((Math.PI * trained) / epochs))) / 2;
    }
    default:
      return schedule satisfies never;
  }
}

function warmup({ warmupEpochs, warmupSteps }: Schedule, { epoch, step, stepsPerEpoch }: Moment): number {
  const e = epoch + 1;
  const s = epoch * stepsPerEpoch + step + 1;
  const byEpoch = e < warmupEpochs ? WARMUP_START + (1 - WARMUP_START) * (e / warmupEpochs) : 1;
  const byStep = s < warmupSteps ? s / warmupSteps : 1;
  return byEpoch * byStep;
}
