/** HEIC photographs of a dataset: each is decoded once, and kept as a JPEG in the user's cache by its content. */
import { createHash } from "node:crypto";
import { closeSync, existsSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { writeFileAtomic } from "../support/atomic-file.js";
import { DataError } from "../support/errors.js";
import { makeFolder, userCacheFolder } from "../support/paths.js";
import { START_BYTES } from "../support/stand-in.js";
import type { Dataset, Pixels, SpanPixels } from "./dataset.js";
import { openFile } from "./formats/reading/open-file.js";
import { DamagedHeicError, isHeic, isHeicFile, jpegOfHeic } from "./heic-file.js";
import { encodedImages, joinEncoded } from "./subset.js";
import { vision } from "./vision.js";

/** Images that are files of their own, or parts of files or of memory. */
type Encoded = Exclude<Pixels, { readonly kind: "packed" }>;

/**
 * The dataset with a JPEG of the cache in place of each HEIC image, which may be a part of an archive or a table. When not strict, one
 * that cannot be decoded stays, and is left out as any damaged image.
 * @throws DataError where libheif-js is not installed; when strict, for a damaged image.
 */
export async function withHeicDecoded(
  dataset: Dataset,
  { strict, signal }: { readonly strict: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Dataset> {
  const { pixels } = dataset;
  if (pixels.kind === "packed") return dataset;
  const decoded = new Map<number, string>();
  for (const [index, content] of heicImages(pixels)) {
    signal?.throwIfAborted();
    try {
      decoded.set(index, await cachedJpeg(content, dataset.describe(index)));
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

/** The images that are HEIC by their content: index and content of each. */
function* heicImages(pixels: Encoded): Generator<readonly [number, Uint8Array]> {
  if (pixels.kind === "spans") yield* heicSpans(pixels);
  else if (pixels.kind === "files") {
    for (const [index, path] of pixels.paths.entries())
      if (isHeicFile(path)) yield [index, readFileSync(path)];
  } else
    for (const [index, content] of encodedImages(pixels).entries())
      if (isHeic(content)) yield [index, Uint8Array.from(content)];
}

function* heicSpans({ files, file, offsets, lengths }: SpanPixels): Generator<readonly [number, Uint8Array]> {
  using archive = new OpenArchive();
  for (const [index, length] of lengths.entries()) {
    const read = (bytes: number): Buffer => archive.read(files[file[index]!]!, offsets[index]!, bytes);
    if (isHeic(read(Math.min(START_BYTES, length)))) yield [index, read(length)];
  }
}

/** Reads parts of files, of which one is open at a time: there may be more than a process may open. */
class OpenArchive implements Disposable {
  #path = "";
  #descriptor: number | null = null;

  /** @throws DataError when the file cannot be opened. */
  read(path: string, position: number, length: number): Buffer {
    if (path !== this.#path || this.#descriptor === null) {
      this[Symbol.dispose]();
      this.#descriptor = openFile(path).descriptor;
      this.#path = path;
    }
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(this.#descriptor, bytes, { position }));
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/** The same images, of which some are files of their own, or the content of such files. */
function withFiles(pixels: Encoded, decoded: ReadonlyMap<number, string>): Pixels {
  if (pixels.kind === "files") {
    const paths = pixels.paths.map((path, index) => decoded.get(index) ?? path);
    return { kind: "files", paths };
  }
  if (pixels.kind === "encoded") {
    const images = encodedImages(pixels);
    for (const [index, path] of decoded) images[index] = readFileSync(path);
    return joinEncoded(images);
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
async function cachedJpeg(content: Uint8Array, name: string): Promise<string> {
  const folder = join(userCacheFolder(), "heic");
  const kept = join(folder, `${createHash("sha256").update(content).digest("hex").slice(0, 32)}.jpg`);
  if (existsSync(kept)) return kept;
  makeFolder(folder);
  writeFileAtomic(kept, [await jpegOfHeic(content, name, vision().encodeImages)]);
  return kept;
}
