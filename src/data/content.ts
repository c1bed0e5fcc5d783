import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, readSync } from "node:fs";
import { eventLoopTurns } from "../support/event-loop.js";
import { openRegularFile } from "../support/regular-file.js";
import type { Dataset } from "./dataset.js";

/** Bytes that are read of an image's file at its start and at its end; shorter files are read whole. */
const PIECE = 16 * 1024;
/** Hexadecimal digits of a class's hash. */
const DIGITS = 16;

/**
 * A hash for each class, of its images in order: their sizes and the first and last 16 KiB of their files. Equal for equal
 * images, wherever they lie and whatever they are called; null for images in memory, whose bytes splitHash covers.
 *
 * @throws The signal's reason.
 */
export async function contentByClass(
  { classes, labels, pixels }: Pick<Dataset, "classes" | "labels" | "pixels">,
  signal?: AbortSignal,
): Promise<string[] | null> {
  if (pixels.kind === "packed" || pixels.kind === "encoded") return null;
  const hashes = classes.map(() => createHash("sha256"));
  const turn = eventLoopTurns(signal);
  using opened = new OpenFiles();
  for (const [index, label] of labels.entries()) {
    if (pixels.kind === "files") {
      const path = pixels.paths[index]!;
      using file = new OpenFiles();
      const own = file.open(path);
      update(hashes[label]!, { file: own, start: 0, size: fstatSync(own).size });
    } else {
      const file = opened.open(pixels.files[pixels.file[index]!]!);
      update(hashes[label]!, { file, start: pixels.offsets[index]!, size: pixels.lengths[index]! });
    }
    await turn();
  }
  return hashes.map((hash) => hash.digest("hex").slice(0, DIGITS));
}

/** Files that stay open until they are disposed of. */
class OpenFiles implements Disposable {
  readonly #files = new Map<string, number>();

  open(path: string): number {
    const file = this.#files.get(path) ?? openRegularFile(path);
    this.#files.set(path, file);
    return file;
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file);
  }
}

function update(hash: Hash, { file, start, size }: { file: number; start: number; size: number }): void {
  hash.update(`${size}\n`);
  const pieces =
    size <= 2 * PIECE
      ? [[start, size]]
      : [
          [start, PIECE],
          [start + size - PIECE, PIECE],
        ];
  for (const [at, length] of pieces) {
    const bytes = Buffer.alloc(length!);
    const read = readSync(file, bytes, 0, length!, at!);
    hash.update(bytes.subarray(0, read));
  }
}
