import { randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemCode } from "../support/errors.js";
import { isRunning } from "../support/leftovers.js";
import { makeFolder } from "../support/paths.js";
import { isVisible, type NamedProcess, processCard, processIn } from "../support/process.js";

/** Intervals in milliseconds. */
export interface LockTimes {
  /** At which the owner of a lock shows that it runs. */
  readonly alive: number;
  /** For which others believe it after the last time. */
  readonly believed: number;
  /** Between two looks at a lock that another process has. */
  readonly wait: number;
}

const TIMES: LockTimes = { alive: 5000, believed: 120_000, wait: 500 };

/** A lock that another process has. */
export interface HeldLock {
  readonly path: string;
  readonly owner: NamedProcess;
}

/** What `withLock` does besides. */
interface LockOptions {
  /** Called once when another process must be waited for. */
  readonly onWait: (held: HeldLock) => void;
  readonly times?: LockTimes;
}

/**
 * Runs `work` while no other process does, by a file that names the process. One that a process has left is taken over: at
 * once where its number can be looked up here, and after two minutes without a sign of life where it is of another machine
 * or container.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { onWait, times = TIMES }: LockOptions,
): Promise<T> {
  makeFolder(dirname(path));
  const own = `${processCard()}lock ${randomUUID()}\n`;
  const file = await takeLock(path, own, { onWait, times });
  const alive = setInterval(() => writeSync(file, own, 0), times.alive); // the file system's clock says when
  try {
    return await work();
  } finally {
    clearInterval(alive);
    closeSync(file);
    removeLock(path, own);
  }
}

/** Number of the open lock. */
async function takeLock(
  path: string,
  own: string,
  { onWait, times }: Required<LockOptions>,
): Promise<number> {
  for (let reported = false; ;) {
    const { file, now } = tryLock(path, own);
    if (file !== null) return file;
    const held = lockAt(path);
    if (held === null) continue; // it was removed since
    if (held.owner === null || isLeft({ ...held, owner: held.owner }, now - times.believed)) {
      removeLock(path, held.text);
      continue;
    }
    if (!reported) onWait({ path, owner: held.owner });
    reported = true;
    await sleep(times.wait);
  }
}

/**
 * Links a file that is already written to the lock's place, so that the lock comes with its content at once.
 * @returns the open lock; null where another process has it, with the time of the file system's clock.
 */
function tryLock(path: string, own: string): { file: number; now: number } | { file: null; now: number } {
  const written = `${path}.${randomUUID()}`;
  const file = openSync(written, "wx");
  try {
    writeSync(file, own);
    const now = fstatSync(file).mtimeMs;
    try {
      linkSync(written, path);
      return { file, now };
    } catch (error) {
      closeSync(file);
      if (systemCode(error) === "EEXIST") return { file: null, now };
      throw error;
    }
  } finally {
    rmSync(written);
  }
}

interface FoundLock {
  readonly text: string;
  /** Null where the file names no process. */
  readonly owner: NamedProcess | null;
  /** When its owner last showed that it runs; null for locks of earlier versions, which show nothing. */
  readonly shown: number | null;
}

function lockAt(path: string): FoundLock | null {
  try {
    const file = openSync(path, "r");
    try {
      const text = readFileSync(file, "utf8");
      const isEarlier = /^\d+$/.test(text);
      const owner = isEarlier ? { pid: Number(text), host: hostname(), namespace: null } : processIn(text);
      return { text, owner, shown: isEarlier ? null : fstatSync(file).mtimeMs };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** Whether the owner has ended, or has shown nothing since a time. */
function isLeft({ owner, shown }: FoundLock & { readonly owner: NamedProcess }, since: number): boolean {
  if (isVisible(owner) && !isRunning(owner.pid)) return true;
  return shown !== null && shown < since;
}

/** Removes a lock with this content; of another process that has taken the place meanwhile it is put back. */
function removeLock(path: string, text: string): void {
  if (lockAt(path)?.text !== text) return;
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw error;
  }
  try {
    if (readFileSync(aside, "utf8") !== text) linkSync(aside, path);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}
