/** Files as opposed to pipes, sockets and devices, which keep a reader waiting or never end. */
import { closeSync, constants, type Dirent, fstatSync, openSync, readFileSync, type Stats } from "node:fs";

/** What a path leads to, for messages. */
export function kindOfEntry(entry: Stats | Dirent): string {
  if (entry.isFile()) return "a file";
  if (entry.isDirectory()) return "a folder";
  if (entry.isFIFO()) return "a named pipe";
  return entry.isSocket() ? "a socket" : "a device";
}

/** Something else than a file is at a path. */
export class IrregularFileError extends Error {
  /** What it is, for messages. */
  readonly found: string;

  constructor(found: string) {
    super(`expected a file, found ${found}`);
    this.found = found;
  }
}

/**
 * Opens a file for reading, without waiting: opening a pipe that nobody writes to would keep the process, which then answers
 * no signal either.
 *
 * @throws IrregularFileError, and the system's errors.
 */
export function openRegularFile(path: string): number {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const status = fstatSync(file);
  if (status.isFile()) return file;
  closeSync(file);
  throw new IrregularFileError(kindOfEntry(status));
}

/** Pipes that a shell opened: /dev/stdin, and /dev/fd/63 of `<(command)`. */
const OF_SHELL = /^\/(?:dev\/(?:stdin$|fd\/)|proc\/)/;

/** The bytes of a file, or of a pipe that the shell opened. @throws As openRegularFile. */
export function readRegularFile(path: string): Uint8Array {
  if (OF_SHELL.test(path)) return readFileSync(path);
  const file = openRegularFile(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
