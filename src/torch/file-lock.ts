import { native } from "./native.js";

interface FileLocks {
  /** Undefined when another process has locked the file. */
  lockFile(path: string): number | undefined;
  unlockFile(file: number): void;
}

/**
 * Locks a file, which is made if need be, until it is disposed of or the process ends, however that happens: the system
 * itself gives the lock up, so a crash leaves nothing to clear away. Null when another process has it.
 */
export function lockFile(path: string): Disposable | null {
  const locks = native() as unknown as FileLocks;
  const file = locks.lockFile(path);
  return file === undefined ? null : { [Symbol.dispose]: () => locks.unlockFile(file) };
}
