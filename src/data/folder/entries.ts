import { type Dirent, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../support/errors.js";
import { kindOfEntry } from "../../support/regular-file.js";

/** A file or a folder in a folder. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
}

/** Stands for bytes of a name that are not UTF-8: no file is found by such a name. */
const UNREADABLE = "\ufffd";
/** What operating systems and archives put beside files. */
const CLUTTER = new Set([
  "__MACOSX",
  "Thumbs.db",
  "desktop.ini",
  "lost+found",
  "@eaDir",
  "System Volume Information",
]);

/**
 * What is in a folder, sorted by code unit so that every machine numbers classes and images alike; nothing hidden and no
 * clutter of operating systems.
 *
 * @param onFault receives what is neither a file nor a folder, such as a broken link or a pipe, and names of several lines.
 * @throws DataError for a folder that cannot be read.
 */
export function entriesOf(
  folder: string,
  onFault: (where: string, reason: string) => void = () => undefined,
): Entry[] {
  const entries = read(folder).filter(({ name }) => !name.startsWith(".") && !CLUTTER.has(name));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name.includes("\n")) {
      onFault(path, "expected a name of one line, found one with a line break; rename it");
      return [];
    }
    // Links, and what a file system says nothing about, are looked at: a file's status takes some microseconds.
    const isKnown = (entry.isFile() || entry.isDirectory()) && !entry.name.includes(UNREADABLE);
    const known = isKnown ? entry : statusOf(path);
    if (known?.isFile() || known?.isDirectory())
      return [{ name: entry.name, path, isFolder: known.isDirectory() }];
    onFault(path, `expected a file or folder, found ${faultOf(entry, known)}`);
    return [];
  });
}

function faultOf(entry: Dirent, found: Stats | Dirent | undefined): string {
  if (found !== undefined) return kindOfEntry(found);
  return entry.isSymbolicLink() ? "a broken link" : "a name that is not UTF-8; rename it";
}

/** Whether there is a folder at a path. */
export function isFolder(path: string): boolean {
  return statusOf(path)?.isDirectory() ?? false;
}

/** Undefined also for a link to itself. */
function statusOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function read(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new DataError(`${folder}: expected a folder that can be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
