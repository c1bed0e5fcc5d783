import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** Hands a process's output on, line by line, each with a prefix. */
export function passLines(
  from: Readable,
  to: Writable,
  prefix: string,
  onLine?: (line: string) => void,
): void {
  createInterface({ input: from, crlfDelay: Infinity }).on("line", (line) => {
    to.write(`${prefix}${line}\n`);
    onLine?.(line);
  });
}
