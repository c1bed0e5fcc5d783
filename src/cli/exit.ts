import { constants, readFileSync, readlinkSync } from "node:fs";
import { constants as system } from "node:os";
import { LongtailError } from "../support/errors.js";

/**
 * Signals that ask a command to end at its next good moment: Ctrl-C; kill, systemd, Kubernetes and Slurm; a terminal that
 * is closed; the warnings that batch jobs ask for (Slurm's `--signal`); a limit of CPU time that is reached.
 */
const signalNames = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"] as const;
export type SignalName = (typeof signalNames)[number];

/** Bits of a file's flags that say whether it is read, written or both. */
const ACCESS_MODE = 3;
/** npx passes Ctrl-C on to a command that the terminal has sent it already: one within this time is the same. */
const SAME_MS = 1000;

/** The end of a command that the user or the system interrupted: 130 after Ctrl-C, else 128 and the signal's number. */
export class InterruptedError extends LongtailError {
  override readonly exitCode: number;

  constructor(message: string, signal: SignalName) {
    super(message);
    this.exitCode = exitCodeOf(signal);
  }
}

/** What shells give for a process that the signal ended. */
function exitCodeOf(signal: SignalName): number {
  return 128 + system.signals[signal];
}

export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** Signal of the system that asked for the end; Ctrl-C's until one has. */
  readonly received: SignalName;
  /** The error to end with. */
  error(message: string): InterruptedError;
}

/**
 * Any of the signals asks for an end at the next good moment, and `notice` says which that is. After it only Ctrl-C ends at once: batch systems send several
 * signals in a row. SIGHUP is ignored under nohup, as everywhere.
 */
export function onInterrupt(notice: string | (() => string)): Interruption {
  const controller = new AbortController();
  let received: SignalName = "SIGINT";
  let receivedAt = Number.NEGATIVE_INFINITY;
  const receive = (name: SignalName): void => {
    const now = performance.now();
    if (controller.signal.aborted) {
      if (name === "SIGINT" && (received !== name || now - receivedAt > SAME_MS))
        process.exit(exitCodeOf(name));
      return;
    }
    [received, receivedAt] = [name, now];
    controller.abort();
    const moment = typeof notice === "string" ? notice : notice();
    process.stderr.write(
      `\n${name === "SIGINT" ? "" : `${name}: `}${moment}; Ctrl-C${name === "SIGINT" ? " again" : ""} ends at once\n`,
    );
  };
  const listeners = signalNames.map((name) => {
    const ignored = name === "SIGHUP" && isUnderNohup();
    const listen = ignored ? () => undefined : () => receive(name);
    process.on(name, listen);
    return [name, listen] as const;
  });
  return {
    signal: controller.signal,
    get received() {
      return received;
    },
    error: (message) => new InterruptedError(message, received),
    [Symbol.dispose]() {
      for (const [name, listen] of listeners) process.off(name, listen);
    },
  };
}

/**
 * Whether nohup started this process from a terminal. Node.js forgets at its start which signals were ignored; what nohup
 * leaves besides is a standard input that cannot be read: /dev/null, opened for writing only. Linux alone shows it.
 */
function isUnderNohup(): boolean {
  try {
    const [, flags = "0"] = /^flags:\s*(\d+)$/m.exec(readFileSync("/proc/self/fdinfo/0", "utf8")) ?? [];
    const isWriteOnly = (Number.parseInt(flags, 8) & ACCESS_MODE) === constants.O_WRONLY;
    return isWriteOnly && readlinkSync("/proc/self/fd/0") === "/dev/null";
  } catch {
    return false;
  }
}

/** The end of a command that did all of its work, and has said what it found to be wrong: exit code 1, nothing more to print. */
export class FailedCheck extends LongtailError {}
