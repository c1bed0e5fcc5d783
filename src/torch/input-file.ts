import { closeSync, fstatSync, readSync } from "node:fs";
import { CheckpointError, systemCode } from "../support/errors.js";
import { IrregularFileError, openRegularFile } from "../support/regular-file.js";

const LARGEST_READ = 1 << 30; // read(2) takes less than 2 GiB at once

/** A file of weights that is read at given positions. Its errors name the path and say what was being read. */
export class InputFile implements Disposable {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly #file: number;

  /** @throws CheckpointError when the file cannot be opened or is no file. */
  constructor(path: string, format: string) {
    this.path = path;
    this.#file = open(path, format);
    this.size = fstatSync(this.#file).size;
  }

  /** @throws CheckpointError when the file ends before `size` bytes from `position` on. */
  read(size: number, position: number, what: string): Uint8Array<ArrayBuffer> {
    const found = Math.max(0, Math.min(size, this.size - position));
    if (found < size)
      throw new CheckpointError(`${this.path}: truncated: expected ${size} bytes of ${what}, found ${found}`);
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const length = Math.min(size - done, LARGEST_READ);
      const count = this.#readSome(bytes, { done, length, position: position + done, what });
      if (count === 0) throw new CheckpointError(`${this.path}: became shorter while it was read`);
      done += count;
    }
    return bytes;
  }

  #readSome(
    bytes: Uint8Array,
    at: { readonly done: number; readonly length: number; readonly position: number; readonly what: string },
  ): number {
    const { done, length, position, what } = at;
    try {
      return readSync(this.#file, bytes, done, length, position);
    } catch (error) {
      throw new CheckpointError(
        `${this.path}: its ${what} at byte ${position} cannot be read (${systemCode(error) ?? (error as Error).message}): the disk may be failing`,
        { cause: error },
      );
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

function open(path: string, format: string): number {
  try {
    return openRegularFile(path);
  } catch (error) {
    if (error instanceof IrregularFileError)
      throw new CheckpointError(`${path}: expected a ${format} file, found ${error.found}`, { cause: error });
    throw new CheckpointError(`${path}: cannot be read (${systemCode(error) ?? "unknown reason"})`, {
      cause: error,
    });
  }
}
