import { DataError } from "../support/errors.js";
import { formatBytes } from "../support/units.js";

/** Memory that producer threads and workers read without a copy. @throws DataError when there is not as much */
export function sharedBytes(size: number): Uint8Array {
  try {
    return new Uint8Array(new SharedArrayBuffer(size));
  } catch (error) {
    throw new DataError(`the images need ${formatBytes(size)} of memory, more than can be had at once.`, {
      cause: error,
    });
  }
}
