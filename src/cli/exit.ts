import { LongtailError } from "../support/errors.js";

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const; // what shells give for these signals
type SignalName = keyof typeof exitCodes;

/** The end of a command that the user or the system interrupted: 130 after Ctrl-C, 143 after SIGTERM. */
export class InterruptedError extends LongtailError {
  override readonly exitCode: number;

  constructor(message: string, signal: SignalName) {
    super(message);
    this.exitCode = exitCodes[signal];
  }
}

export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** The error to end with. */
  error(message: string): InterruptedError;
}

/** Ctrl-C (or SIGTERM) asks for an end at the next good moment, a second one ends at once. */
export function onInterrupt(notice: string): Interruption {
  const controller = new AbortController();
  let received: SignalName = "SIGINT";
  const listeners = (Object.keys(exitCodes) as SignalName[]).map((name) => {
    const listen = (): void => {
      if (controller.signal.aborted) process.exit(exitCodes[name]);
      received = name;
      controller.abort();
      process.stderr.write(`\n${notice}; Ctrl-C again ends at once\n`);
    };
    process.on(name, listen);
    return [name, listen] as const;
  });
  return {
    signal: controller.signal,
    error: (message) => new InterruptedError(message, received),
    [Symbol.dispose]() {
      for (const [name, listen] of listeners) process.off(name, listen);
    },
  };
}

/** The end of a command that did all of its work, and has said what it found to be wrong: exit code 1, nothing more to print. */
export class FailedCheck extends LongtailError {}
