import { readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFailure } from "../support/atomic-file.js";
import { LongtailError, UsageError } from "../support/errors.js";
import { processCard } from "../support/process.js";
import { lockFile } from "../torch/files.js";

/** Name of the file in a run's folder that says who has it. */
export const LOCK_FILE = "lock";

/** A run's folder that is this process's. */
export interface RunLock extends Disposable {
  /** @throws LongtailError when the folder is no longer where it was. */
  assertInPlace(): void;
  /** Removes the file, from a folder that came to hold no run. */
  remove(): void;
}

/**
 * Takes a run's folder for this process, until it is disposed of or the process ends. The folder has to be there.
 * @throws UsageError when another training has the folder.
 */
export function lockRun(folder: string): RunLock {
  const path = join(folder, LOCK_FILE);
  const lock = lockFile(path);
  if (lock === null)
    throw new UsageError(
      `${folder}: another training writes to it (${textOf(path)?.split("\n")[0]}). Wait for its end, or choose another --out.`,
    );
  const own = `${processCard()}since ${new Date().toISOString()}\n`;
  try {
    writeFileSync(path, own);
  } catch (error) {
    lock[Symbol.dispose]();
    throw writeFailure(path, error);
  }
  return {
    // By what it says, since not all file systems have lasting numbers for their files.
    assertInPlace: () => {
      if (textOf(path) !== own) throw new LongtailError(movedMessage(folder, lock.file));
    },
    remove: () => {
      if (textOf(path) === own) rmSync(path);
    },
    [Symbol.dispose]: () => {
      lock[Symbol.dispose]();
    },
  };
}

function movedMessage(folder: string, file: number): string {
  const now = nameOf(file);
  const where =
    now === null || now.endsWith(" (deleted)")
      ? "What was written to it is gone with it."
      : `It is ${dirname(now)} now; \`longtail train ${dirname(now)} --resume\` resumes it there.`;
  return `${folder}: expected the run's folder, which this process had locked; found that it was moved or removed during the training. ${where}`;
}

/** Where an open file is now; Linux alone knows. */
function nameOf(file: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${file}`);
  } catch {
    return null;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
