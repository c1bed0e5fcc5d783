import type { Emit } from "../runs/events.js";
import { formatSeconds, secondsSince } from "../support/units.js";

interface ProgressOptions {
  readonly total: number;
  readonly emit: Emit;
}

/** Emits how far some work is, as `text` says it, and how long the rest takes. */
export function progress(
  text: (done: number) => string,
  { total, emit }: ProgressOptions,
): (done: number) => void {
  const started = performance.now();
  return (done) => {
    const rest = Math.round((secondsSince(started) / done) * (total - done));
    const left = rest > 0 ? `, about ${formatSeconds(rest)} left` : "";
    emit({ type: "note", message: `${text(done)}${left}` });
  };
}

/** The same of a training, after each epoch. */
export function epochProgress(
  what: string,
  { epochs, emit }: { readonly epochs: number; readonly emit: Emit },
): (done: number) => void {
  return progress((done) => `${what}: epoch ${done} of ${epochs}`, { total: epochs, emit });
}
