/** What Node.js's file system lacks: locks that end with their process, and two paths that change places in one step. */
import { fstatSync, statSync } from "node:fs";
import { EngineError } from "../support/errors.js";
import { native } from "./native.js";

interface NativeFiles {
  /** Undefined when another process has locked the file. */
  lockFile(path: string): number | undefined;
  unlockFile(file: number): void;
  /** False where the system or the file system cannot do it. */
  exchangePaths(one: string, other: string): boolean;
}

function files(): NativeFiles {
  return native() as unknown as NativeFiles;
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
  const locks = files();
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

/**
 * Has two paths change places in one step. False, and nothing done, where the system, the file system or this machine (which
 * has no engine yet) cannot do it.
 */
export function exchangePaths(one: string, other: string): boolean {
  try {
    return files().exchangePaths(one, other);
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
