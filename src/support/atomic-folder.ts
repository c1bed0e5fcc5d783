import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { writeFailure } from "./atomic-file.js";
import { UsageError } from "./errors.js";
import { removeLeftovers } from "./leftovers.js";
import { makeFolder } from "./paths.js";

/**
 * Makes a folder so that it is whole or absent: `fill` writes into a hidden folder beside it, which is then renamed.
 * What a failure or an interruption leaves is removed, that of a killed process by the next one.
 *
 * @param replace whether a folder that is there is replaced (see requireAbsent).
 * @throws LongtailError naming the path when the disk is full or the folder cannot be written.
 */
export async function writeFolderAtomic<T>(
  path: string,
  { replace }: { replace: boolean },
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  requireAbsent(path, { replace });
  const target = resolve(path);
  const hidden = (what: string): string => join(dirname(target), `.${basename(target)}.${what}-`);
  const temporary = `${hidden("new")}${process.pid}`;
  const old = `${hidden("old")}${process.pid}`;
  try {
    makeFolder(dirname(target));
    removeLeftovers(dirname(target), basename(hidden("new")));
    mkdirSync(temporary);
    const result = await fillOrRemove(temporary, fill);
    if (existsSync(target)) renameSync(target, old);
    renameSync(temporary, target);
    rmSync(old, { recursive: true, force: true });
    // Only now: between the two renames of a killed process its old folder is all there is.
    removeLeftovers(dirname(target), basename(hidden("old")));
    return result;
  } catch (error) {
    throw writeFailure(path, error);
  }
}

async function fillOrRemove<T>(folder: string, fill: (folder: string) => Promise<T>): Promise<T> {
  try {
    return await fill(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** @throws UsageError when something is at `path` and may not be replaced */
export function requireAbsent(path: string, { replace }: { replace: boolean }): void {
  if (replace || !existsSync(path)) return;
  throw new UsageError(`${path} is there already; choose another place, or --force replaces it.`);
}
