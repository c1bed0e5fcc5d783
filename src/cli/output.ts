import { setImmediate } from "node:timers/promises";
import { systemCode } from "../support/errors.js";

/** Where a command's output goes: text for people, values for machines. */
export interface Output {
  /** Text for people: stdout, or stderr when stdout is for machines. */
  readonly people: NodeJS.WriteStream;
  /** Prints a line for people. */
  readonly say: (text: string) => void;
  /** Prints a value as one line of JSON when machines listen. */
  readonly value: (value: unknown) => void;
}

export function output({ json }: { json: boolean }): Output {
  const people = json ? process.stderr : process.stdout;
  return {
    people,
    say: (text) => people.write(`${text}\n`),
    value: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** What could not be written to stdout. */
export interface LostOutput extends Disposable {
  /** Why, in a few words; null when all was written, or nobody reads any more. */
  reason(): Promise<string | null>;
}

/** Has a command go on with its work when its output is closed or cannot be written: a training least of all ends for that. */
export function surviveLostOutput(): LostOutput {
  let lost: string | null = null;
  const ignore = (): void => undefined;
  const note = (error: Error): void => {
    const code = systemCode(error) ?? error.message;
    if (code !== "EPIPE" && code !== "EIO") lost ??= code; // EIO: a terminal that was closed
  };
  process.stderr.on("error", ignore);
  process.stdout.on("error", note);
  return {
    async reason() {
      await setImmediate(); // the last write's error comes after it
      return lost;
    },
    [Symbol.dispose]() {
      process.stderr.off("error", ignore);
      process.stdout.off("error", note);
    },
  };
}

/** Ends a command that does nothing but print, quietly, once nobody reads what it prints: `longtail predict … | head -1`. */
export function endWithReader(): void {
  process.stdout.on("error", (error) => {
    if (systemCode(error) === "EPIPE") process.exit(0);
  });
}
