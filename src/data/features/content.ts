import { createHash } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import { DataError } from "../../support/errors.js";
import { eventLoopTurns } from "../../support/event-loop.js";
import { openRegularFile, readRegularFile } from "../../support/regular-file.js";
import type { Dataset } from "../dataset.js";

/** Bytes that name an image by its content. */
export const CONTENT_BYTES = 16;

/**
 * Hashes of the images' content, in hexadecimal: of image files as they are, of decoded images their size and pixels. The
 * first 128 bits of SHA-256. Equal images have equal ones, wherever they lie.
 * @throws DataError for a file that cannot be read; the signal's reason.
 */
export async function contentHashes(dataset: Dataset, signal?: AbortSignal): Promise<string[]> {
  using reader = new ContentReader(dataset);
  const hashes: string[] = [];
  const turn = eventLoopTurns(signal);
  for (let index = 0; index < dataset.size; index += 1) {
    hashes.push(reader.hash(index));
    await turn();
  }
  return hashes;
}

/** Reads images one after the other; the file that holds the latest one stays open. */
class ContentReader implements Disposable {
  readonly #dataset: Dataset;
  #open: { readonly path: string; readonly file: number } | null = null;

  constructor(dataset: Dataset) {
    this.#dataset = dataset;
  }

  hash(index: number): string {
    const hash = createHash("sha256");
    const { pixels } = this.#dataset;
    if (pixels.kind === "packed") hash.update(`${pixels.height} ${pixels.width}\n`);
    try {
      hash.update(this.#bytes(index));
    } catch (error) {
      const reason = (error as Error).message;
      throw new DataError(`${this.#dataset.describe(index)}: cannot be read: ${reason}`, { cause: error });
    }
    return hash.digest("hex").slice(0, 2 * CONTENT_BYTES);
  }

  #bytes(index: number): Uint8Array {
    const { pixels } = this.#dataset;
    switch (pixels.kind) {
      case "files":
        return readRegularFile(pixels.paths[index]!);
      case "spans":
        return this.#span(pixels.files[pixels.file[index]!]!, pixels.offsets[index]!, pixels.lengths[index]!);
      case "packed": {
        const size = 3 * pixels.height * pixels.width;
        return pixels.bytes.subarray(index * size, (index + 1) * size);
      }
      case "encoded":
        return pixels.bytes.subarray(pixels.offsets[index], pixels.offsets[index + 1]);
      default:
        return pixels satisfies never;
    }
  }

  #span(path: string, offset: number, length: number): Uint8Array {
    if (this.#open?.path !== path) {
      this[Symbol.dispose]();
      this.#open = { path, file: openRegularFile(path) };
    }
    const bytes = Buffer.alloc(length);
    const read = readSync(this.#open.file, bytes, 0, length, offset);
    if (read < length) throw new Error(`it ends after ${read} of ${length} bytes`);
    return bytes;
  }

  [Symbol.dispose](): void {
    if (this.#open !== null) closeSync(this.#open.file);
    this.#open = null;
  }
}
