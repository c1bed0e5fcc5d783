import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemCode } from "../support/errors.js";
import { isRunning } from "../support/leftovers.js";
import { makeFolder } from "../support/paths.js";

/**
 * Runs `work` while no other process does, by a file that holds the process's id. One left by a process that
 * no longer runs is taken over.
 *
 * @param onWait called once when another process must be waited for.
 */
export async function withLock<T>(
  path: string,
  onWait: (pid: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  makeFolder(dirname(path));
  let reported = false;
  while (!tryLock(path)) {
    const owner = ownerOf(path);
    if (!isRunning(owner)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!reported) onWait(owner);
    reported = true;
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** The lock comes with its content at once: a link to a file that is already written. */
function tryLock(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own);
  }
}

function ownerOf(path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return Number.NaN; // it was removed since
  }
}
