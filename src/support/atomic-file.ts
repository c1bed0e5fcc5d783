import { closeSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LongtailError, systemCode } from "./errors.js";
import { makeFolder } from "./paths.js";
import { formatBytes } from "./units.js";

const reasons: Partial<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space or choose another folder",
  EDQUOT: "the disk quota is used up; free some space or choose another folder",
  EROFS: "the file system is read-only; choose another folder",
  EACCES: "no permission to write there; change the folder's rights or choose another folder",
  EPERM: "no permission to write there; change the folder's rights or choose another folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "a part of the path is a file, not a folder", // what mkdir says of the last part
  EISDIR: "a folder has that name",
};

/**
 * Writes a file so that it is always whole: either the previous content or the new one is there, also after a
 * crash or a power cut. The content goes to a temporary file in the same folder, is synced and then renamed.
 *
 * @throws LongtailError naming the path when the disk is full or the folder cannot be written.
 */
export function writeFileAtomic(path: string, chunks: string | Uint8Array | Iterable<Uint8Array>): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  try {
    makeFolder(folder);
    writeAndRename(temporary, path, chunks);
    syncFolder(folder);
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/** Renames a file or a folder. @throws LongtailError naming the new path where the file system refuses. */
export function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw writeFailure(to, error);
  }
}

function writeAndRename(
  temporary: string,
  path: string,
  chunks: string | Uint8Array | Iterable<Uint8Array>,
): void {
  try {
    writeAndSync(temporary, chunks);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeAndSync(path: string, chunks: string | Uint8Array | Iterable<Uint8Array>): void {
  const file = openSync(path, "w");
  try {
    for (const chunk of bytesOf(chunks)) writeWhole(file, chunk);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function bytesOf(chunks: string | Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof chunks === "string") return [Buffer.from(chunks)];
  return chunks instanceof Uint8Array ? [chunks] : chunks;
}

/** write(2) may take a part only: at most 2 GiB at once, or what still fits on the disk. */
function writeWhole(file: number, chunk: Uint8Array): void {
  for (let written = 0; written < chunk.length;) written += writeSync(file, chunk, written);
}

/** A rename lasts once its folder is on the disk. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The error to throw when `path` could not be written; errors that are not the file system's pass unchanged. */
export function writeFailure(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const reason = reasons[code] ?? (error instanceof Error ? error.message : code);
  const found = code === "ENOSPC" ? `${code}${freeSpace(dirname(path))}` : code;
  return new LongtailError(
    `cannot write ${path}: ${reason} (${found}). What was there before is untouched.`,
    {
      cause: error,
    },
  );
}

/** Once what was written of the file is gone again. */
function freeSpace(folder: string): string {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return `, ${formatBytes(bavail * bsize)} are free`;
  } catch {
    return "";
  }
}
