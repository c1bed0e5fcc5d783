import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFailure } from "../support/atomic-file.js";
import { LongtailError, UsageError } from "../support/errors.js";
import { isRunning } from "../support/leftovers.js";
import { makeFolder } from "../support/paths.js";
import { isVisible, processCard, processIn } from "../support/process.js";
import { exchangePaths } from "../torch/files.js";

/** Where new files are while they are put in place of old ones; there is one such folder at a time. */
const SWITCH = ".longtail-switch";
/** Begin the names of folders of files that are being made, and of those that are about to be removed. */
const [MAKING, DONE] = [".longtail-new-", ".longtail-done-"];
/** Putting files in place takes moments. After this long a process that cannot be asked for has ended. */
const DEAD_MS = 600_000;
const LOOK_MS = 50;

interface OutputSet {
  /** The folder that the set is in; other files in it stay. */
  readonly out: string;
  /** Files and folders in it that belong together. */
  readonly names: readonly string[];
  /** Whether those that are there are replaced. */
  readonly replace: boolean;
}

/**
 * Writes files and folders that belong together: `fill` makes all of them in a hidden folder, and then they take their places
 * in one step. Whoever reads them sees all of the old ones or all of the new ones, also after a crash at any moment; what a
 * killed process left is finished or removed by the next one. Where the file system cannot exchange two folders, a folder
 * that is replaced is absent for a moment.
 *
 * @throws UsageError when something is there and may not be replaced; LongtailError naming the path when the disk is full or
 * the folder cannot be written. The old files are there then.
 */
export async function writeTogether<T>(
  { out, names, replace }: OutputSet,
  fill: (folder: string) => Promise<T> | T,
): Promise<T> {
  for (const name of names) requireAbsent(join(out, name), { replace });
  try {
    makeFolder(out);
    removeDead(out);
    const making = join(out, `${MAKING}${randomBytes(4).toString("hex")}`);
    mkdirSync(making);
    try {
      writeFileSync(join(making, "owner"), processCard());
      for (const side of ["old", "new"]) mkdirSync(join(making, side));
      const result = await fillIn(join(making, "new"), out, fill);
      await putInPlace(out, names, making);
      return result;
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  } catch (error) {
    throw writeFailure(join(out, names[0]!), error);
  }
}

/** Fills the folder; errors name the files by their places to come. */
async function fillIn<T>(folder: string, out: string, fill: (folder: string) => Promise<T> | T): Promise<T> {
  try {
    return await fill(folder);
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(folder, out);
    throw error;
  }
}

/** Makes a folder of this name in the one that `fill` was given. */
export function newFolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** @throws UsageError when something is at `path` and may not be replaced */
export function requireAbsent(path: string, { replace }: { replace: boolean }): void {
  if (replace || !existsSync(path)) return;
  throw new UsageError(`${path} is there already; choose another place, or --force replaces it.`);
}

async function putInPlace(out: string, names: readonly string[], making: string): Promise<void> {
  const [only] = names;
  if (names.length === 1 && kindOf(join(out, only!)) === null) {
    renameSync(join(making, "new", only!), join(out, only!));
    return;
  }
  symlinkSync("old", join(making, "current"));
  await takeTurn(out, making);
  try {
    for (const name of names) linkIn(out, name);
    symlinkSync("new", join(out, SWITCH, "next"));
    renameSync(join(out, SWITCH, "next"), join(out, SWITCH, "current")); // here old becomes new
  } catch (error) {
    settle(out);
    throw error;
  }
  settle(out);
}

/** Makes the folder the one whose files take their places; waits for another process's, and finishes a dead one's. */
async function takeTurn(out: string, making: string): Promise<void> {
  for (;;) {
    try {
      renameSync(making, join(out, SWITCH));
      return;
    } catch (error) {
      if (kindOf(join(out, SWITCH)) === null) throw error;
    }
    if (isDead(join(out, SWITCH), making)) settle(out);
    else await sleep(LOOK_MS);
  }
}

/** What a name in `out` is while files take their places: a link through the one that is switched. */
function linkFor(name: string): string {
  return `${SWITCH}/current/${name}`;
}

/** Has a name lead to the old file or folder by way of the link that is switched: what it shows stays the same. */
function linkIn(out: string, name: string): void {
  const place = join(out, name);
  const old = join(out, SWITCH, "old", name);
  const next = join(out, SWITCH, "link");
  const kind = kindOf(place);
  if (kind === null) {
    symlinkSync(linkFor(name), place);
    return;
  }
  if (kind === "folder") {
    symlinkSync(linkFor(name), old);
    if (exchangePaths(old, place)) return;
    unlinkSync(old);
    renameSync(place, old);
    symlinkSync(linkFor(name), place);
    return;
  }
  if (kind === "link") symlinkSync(resolve(out, readlinkSync(place)), old);
  else keep(place, old);
  symlinkSync(linkFor(name), next);
  renameSync(next, place);
}

function keep(file: string, under: string): void {
  try {
    linkSync(file, under);
  } catch {
    copyFileSync(file, under); // a file system without hard links
  }
}

/**
 * Puts the files themselves in the places of the links that lead to them, the old ones or the new ones, whichever are current,
 * and removes the others. Can be repeated from wherever it ended.
 *
 * @throws LongtailError that says where the files are when they cannot be moved.
 */
function settle(out: string): void {
  const folder = join(out, SWITCH);
  try {
    const side = readlinkSync(join(folder, "current"));
    const names = new Set(["old", "new"].flatMap((one) => readdirSync(join(folder, one))));
    for (const name of names)
      settleOne(join(out, name), { file: join(folder, side, name), link: linkFor(name) });
    const done = join(out, `${DONE}${randomBytes(4).toString("hex")}`);
    renameSync(folder, done);
    rmSync(done, { recursive: true, force: true });
  } catch (error) {
    throw new LongtailError(
      `${out}: its files could not be put in their places (${(error as Error).message}). They are whole, in ${folder}, where links ` +
        "lead to them; the next `longtail data` command that writes to this folder puts them in place.",
      { cause: error },
    );
  }
}

function settleOne(place: string, { file, link }: { readonly file: string; readonly link: string }): void {
  if (kindOf(place) !== "link" || readlinkSync(place) !== link) return; // it is in its place
  const kind = kindOf(file);
  if (kind === null) unlinkSync(place);
  else if (kind !== "folder") renameSync(file, place);
  else if (!exchangePaths(file, place)) {
    unlinkSync(place);
    renameSync(file, place);
  }
}

/** Removes what processes left that have ended while they made files or removed them. */
function removeDead(out: string): void {
  for (const name of readdirSync(out)) {
    const folder = join(out, name);
    if (name.startsWith(DONE) || (name.startsWith(MAKING) && hasEnded(folder)))
      rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the process that a folder names as its owner has ended for certain. */
function hasEnded(folder: string): boolean {
  try {
    const owner = processIn(readFileSync(join(folder, "owner"), "utf8"));
    return owner !== null && isVisible(owner) && !isRunning(owner.pid);
  } catch {
    return false;
  }
}

/** @param now a folder that was made just now, by the same clock */
function isDead(folder: string, now: string): boolean {
  if (hasEnded(folder)) return true;
  const [then, here] = [folder, now].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs);
  return then !== undefined && here !== undefined && here - then > DEAD_MS;
}

function kindOf(path: string): "file" | "folder" | "link" | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (found.isSymbolicLink()) return "link";
  return found.isDirectory() ? "folder" : "file";
}
