import { fstatSync } from "node:fs";
import { DataError } from "../../../support/errors.js";
import { openRegularFile } from "../../../support/regular-file.js";

/** A file that is read in parts; `descriptor` is to be closed. @throws DataError when it cannot be opened */
export function openFile(path: string): { readonly descriptor: number; readonly size: number } {
  try {
    const descriptor = openRegularFile(path);
    return { descriptor, size: fstatSync(descriptor).size };
  } catch (error) {
    throw new DataError(`${path}: cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}
