import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";

/** A file that decides a run's outcome, with the SHA-256 of what it held when it was read. */
export interface FileIdentity {
  readonly file: string;
  readonly sha256: string;
}

/** The identity of a file as it is now. */
export function identityOf(file: string): FileIdentity {
  return { file: resolve(file), sha256: sha256OfFile(file) };
}

/** SHA-256 of a file, as hexadecimal digits. It is read piece by piece: files of weights take gigabytes. */
export function sha256OfFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(1 << 24);
  const file = openSync(path, "r");
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece))
      hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
