import { fstatSync, statSync } from "node:fs";
import { native } from "./native.js";

interface FileLocks {
  /** Undefined when another process has locked the file. */
  lockFile(path: string): number | undefined;
  unlockFile(file: number): void;
}

export interface FileLock extends Disposable {
  /** Number of the open file. */
  readonly file: number;
}

/** How often a file that was replaced while it was being locked is tried again. */
const MAX_TRIES = 10;

/**
 * Locks a file, which is made if need be, until it is disposed of or the process ends, however that happens: the system
 * itself gives the lock up, so a crash leaves nothing to clear away. Null when another process has it.
 */
export function lockFile(path: string): FileLock | null {
  const locks = native() as unknown as FileLocks;
  for (let tries = 1; ; tries += 1) {
    const file = locks.lockFile(path);
    if (file === undefined) return null;
    // Its last holder may have removed it since it was opened: a lock on a file without a name keeps nobody out.
    if (tries === MAX_TRIES || isAt(path, file))
      return { file, [Symbol.dispose]: () => locks.unlockFile(file) };
    locks.unlockFile(file);
  }
}

function isAt(path: string, file: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(file);
  return named?.ino === ino && named.dev === dev;
}
