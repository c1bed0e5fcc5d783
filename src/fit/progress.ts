import type { Emit } from "../runs/events.js";
import { plainLineMs } from "../support/terminal.js";
import { counted } from "../support/text.js";
import { formatSeconds, secondsSince } from "../support/units.js";

interface ProgressOptions {
  readonly total: number;
  readonly emit: Emit;
}

/** Emits now and then how far some work is, as `text` says it, and how long the rest takes. */
export function progress(
  text: (done: number) => string,
  { total, emit }: ProgressOptions,
): (done: number) => void {
  const started = performance.now();
  let last = started;
  return (done) => {
    if (done === total || performance.now() - last < plainLineMs) return;
    last = performance.now();
    const rest = Math.round((secondsSince(started) / done) * (total - done));
    const left = rest > 0 ? `, about ${formatSeconds(rest)} left` : "";
    emit({ type: "note", message: `${text(done)}${left}` });
  };
}

interface TrainingProgressOptions {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly emit: Emit;
}

/** The same of a training that begins, after each step. */
export function trainingProgress(
  what: string,
  { epochs, stepsPerEpoch, emit }: TrainingProgressOptions,
): (steps: number) => void {
  emit({ type: "note", message: `${what}: ${counted(epochs, "epoch")}` });
  const text = (steps: number): string => `${what}: epoch ${Math.ceil(steps / stepsPerEpoch)} of ${epochs}`;
  return progress(text, { total: epochs * stepsPerEpoch, emit });
}
