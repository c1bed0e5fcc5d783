import { LongtailError } from "../support/errors.js";

/** The end of a command that the user interrupted; 130 is what shells give for Ctrl-C. */
export class InterruptedError extends LongtailError {
  override readonly exitCode = 130;
}

export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
}

/** Ctrl-C (or SIGTERM) asks for an end at the next good moment, a second one ends at once. */
export function onInterrupt(notice: string): Interruption {
  const controller = new AbortController();
  const listen = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    process.stderr.write(`\n${notice}; Ctrl-C again ends at once\n`);
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, listen);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, listen);
    },
  };
}
