/** HEIC photographs of a dataset: each is decoded once, and kept as a JPEG in the user's cache by its content. */
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { writeFileAtomic } from "../support/atomic-file.js";
import { DataError } from "../support/errors.js";
import { makeFolder, userCacheFolder } from "../support/paths.js";
import type { Dataset, Pixels } from "./dataset.js";
import { DamagedHeicError, isHeic, isHeicFile, jpegOfHeic } from "./heic-file.js";
import { vision } from "./vision.js";

/** Bytes that tell what an image is. */
const START = 12;

/** Images that are files, or parts of files. */
type InFiles = Exclude<Pixels, { readonly kind: "packed" | "encoded" }>;

/**
 * The dataset with a file of the cache in place of each HEIC image, which may be a part of an archive. When not strict, one that
 * cannot be decoded stays, and is left out as any damaged image.
 * @throws DataError where libheif-js is not installed; when strict, for a damaged image.
 */
export async function withHeicDecoded(
  dataset: Dataset,
  { strict, signal }: { readonly strict: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Dataset> {
  const { pixels } = dataset;
  if (pixels.kind === "packed" || pixels.kind === "encoded") return dataset;
  const decoded = new Map<number, string>();
  for (const index of heicImages(pixels)) {
    signal?.throwIfAborted();
    try {
      decoded.set(index, await cachedJpeg(contentOf(pixels, index), dataset.describe(index)));
    } catch (error) {
      if (!(error instanceof DamagedHeicError)) throw error;
      if (strict)
        throw new DataError(`${error.message} (--no-strict, data.strict=false, leaves it out)`, {
          cause: error,
        });
    }
    await setImmediate(); // signal handlers run only when the event loop gets a turn
  }
  return decoded.size === 0 ? dataset : { ...dataset, pixels: withFiles(pixels, decoded) };
}

/** Indices of the images that are HEIC by their content. What cannot be read is none: who reads it says why not. */
function heicImages(pixels: InFiles): number[] {
  if (pixels.kind === "files")
    return pixels.paths.flatMap((path, index) => (isHeicFile(path) ? [index] : []));
  const found: number[] = [];
  withOpenFiles(pixels.files, (files) => {
    pixels.lengths.forEach((length, index) => {
      const bytes = Buffer.alloc(Math.min(START, length));
      readSync(files[pixels.file[index]!]!, bytes, { position: pixels.offsets[index]! });
      if (isHeic(bytes)) found.push(index);
    });
  });
  return found;
}

function contentOf(pixels: InFiles, index: number): Buffer {
  if (pixels.kind === "files") return readFileSync(pixels.paths[index]!);
  const bytes = Buffer.alloc(pixels.lengths[index]!);
  withOpenFiles([pixels.files[pixels.file[index]!]!], ([file]) => {
    readSync(file!, bytes, { position: pixels.offsets[index]! });
  });
  return bytes;
}

function withOpenFiles(paths: readonly string[], use: (files: readonly number[]) => void): void {
  const files: number[] = [];
  try {
    for (const path of paths) files.push(openSync(path, "r"));
    use(files);
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** The same images, of which some are files of their own. */
function withFiles(pixels: InFiles, decoded: ReadonlyMap<number, string>): Pixels {
  if (pixels.kind === "files") {
    const paths = pixels.paths.map((path, index) => decoded.get(index) ?? path);
    return { kind: "files", paths };
  }
  const [file, offsets, lengths] = [pixels.file.slice(), pixels.offsets.slice(), pixels.lengths.slice()];
  const files = [...pixels.files];
  for (const [index, path] of decoded) {
    file[index] = files.push(path) - 1;
    offsets[index] = 0;
    lengths[index] = statSync(path).size;
  }
  return { kind: "spans", files, file, offsets, lengths };
}

/** The JPEG of a HEIC image in the cache, which is made where it is not there yet. */
async function cachedJpeg(content: Buffer, name: string): Promise<string> {
  const folder = join(userCacheFolder(), "heic");
  const kept = join(folder, `${createHash("sha256").update(content).digest("hex").slice(0, 32)}.jpg`);
  if (existsSync(kept)) return kept;
  makeFolder(folder);
  writeFileAtomic(kept, [await jpegOfHeic(content, name, vision().encodeImages)]);
  return kept;
}
