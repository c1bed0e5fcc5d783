import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Dataset, FilePixels, SpanPixels } from "./dataset.js";

/** Bytes that are read of an image's file at its start and at its end; shorter files are read whole. */
const PIECE = 16 * 1024;
/** Hexadecimal digits of a class's hash. */
const DIGITS = 16;

/**
 * A hash for each class, of its images in order: their sizes and the first and last 16 KiB of their files. Equal for equal
 * images, wherever they lie and whatever they are called; null for images in memory, whose bytes splitHash covers.
 */
export function contentByClass({
  classes,
  labels,
  pixels,
}: Pick<Dataset, "classes" | "labels" | "pixels">): string[] | null {
  if (pixels.kind === "packed" || pixels.kind === "encoded") return null;
  const hashes = classes.map(() => createHash("sha256"));
  if (pixels.kind === "files") hashFiles(pixels, labels, hashes);
  else hashSpans(pixels, labels, hashes);
  return hashes.map((hash) => hash.digest("hex").slice(0, DIGITS));
}

function hashFiles({ paths }: FilePixels, labels: Int32Array, hashes: readonly Hash[]): void {
  paths.forEach((path, index) => {
    const file = openSync(path, "r");
    try {
      update(hashes[labels[index]!]!, { file, start: 0, size: fstatSync(file).size });
    } finally {
      closeSync(file);
    }
  });
}

function hashSpans(
  { files, file: which, offsets, lengths }: SpanPixels,
  labels: Int32Array,
  hashes: readonly Hash[],
): void {
  const opened = files.map((path) => openSync(path, "r"));
  try {
    labels.forEach((label, index) => {
      update(hashes[label]!, { file: opened[which[index]!]!, start: offsets[index]!, size: lengths[index]! });
    });
  } finally {
    for (const file of opened) closeSync(file);
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
