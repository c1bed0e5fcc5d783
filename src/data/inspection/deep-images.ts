import { closeSync, readSync } from "node:fs";
import { extname } from "node:path";
import { eventLoopTurns } from "../../support/event-loop.js";
import { openRegularFile } from "../../support/regular-file.js";
import type { Dataset, Pixels } from "../dataset.js";

/** Bytes that are read of a file: a PNG's header, and a TIFF's with its first directory where that comes early. */
const HEAD_BYTES = 26;
const BITS_PER_SAMPLE = 258;

/** Reads bytes of an image's file; fewer where it ends. */
type Read = (at: number, length: number) => Buffer;

/**
 * Images with more than 8 bits a channel, by the headers of PNG and TIFF files: cameras, microscopes and telescopes write
 * such. Files with the extension of another format are not opened.
 * @throws the signal's reason.
 */
export async function deepImages(
  { pixels, size }: Pick<Dataset, "pixels" | "size">,
  signal?: AbortSignal,
): Promise<number[]> {
  if (pixels.kind === "packed") return [];
  using reader = new HeadReader(pixels);
  const deep: number[] = [];
  const turn = eventLoopTurns(signal);
  for (let index = 0; index < size; index++) {
    if (reader.bits(index) > 8) deep.push(index);
    await turn();
  }
  return deep;
}

class HeadReader implements Disposable {
  readonly #pixels: Exclude<Pixels, { kind: "packed" }>;
  #open: { readonly path: string; readonly file: number } | null = null;

  constructor(pixels: Exclude<Pixels, { kind: "packed" }>) {
    this.#pixels = pixels;
  }

  /** Bits a channel as the header says them; 8 where it does not, or cannot be read: decoding says why. */
  bits(index: number): number {
    const read = this.#reader(index);
    return read === null ? 8 : bitsOf(read);
  }

  #reader(index: number): Read | null {
    const pixels = this.#pixels;
    switch (pixels.kind) {
      case "files": {
        const path = pixels.paths[index]!;
        return /^[.](png|tiff?)$/i.test(extname(path)) ? this.#of(path, { start: 0, end: Infinity }) : null;
      }
      case "spans": {
        const start = pixels.offsets[index]!;
        return this.#of(pixels.files[pixels.file[index]!]!, { start, end: start + pixels.lengths[index]! });
      }
      case "encoded": {
        const bytes = pixels.bytes.subarray(pixels.offsets[index], pixels.offsets[index + 1]);
        return (at, length) => Buffer.from(bytes.subarray(at, at + length));
      }
      default:
        return pixels satisfies never;
    }
  }

  /** The file stays open until another one is read. */
  #of(path: string, { start, end }: { readonly start: number; readonly end: number }): Read | null {
    try {
      if (this.#open?.path !== path) {
        this[Symbol.dispose]();
        this.#open = { path, file: openRegularFile(path) };
      }
      const { file } = this.#open;
      return (at, length) => {
        const bytes = Buffer.alloc(Math.max(0, Math.min(length, end - start - at)));
        return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start + at));
      };
    } catch {
      return null;
    }
  }

  [Symbol.dispose](): void {
    if (this.#open !== null) closeSync(this.#open.file);
    this.#open = null;
  }
}

function bitsOf(read: Read): number {
  try {
    const head = read(0, HEAD_BYTES);
    if (head.toString("latin1", 1, 4) === "PNG") return head.readUInt8(24);
    const order = head.toString("latin1", 0, 4);
    return order === "II*\0" || order === "MM\0*" ? tiffBits(read, head, order === "II*\0") : 8;
  } catch {
    return 8; // it ends too early, or cannot be read
  }
}

/** BitsPerSample of a TIFF file's first directory. Its values are in the entry where they fit 4 bytes, else elsewhere. */
function tiffBits(read: Read, head: Buffer, isLittle: boolean): number {
  const short = (from: Buffer, at: number): number =>
    isLittle ? from.readUInt16LE(at) : from.readUInt16BE(at);
  const long = (from: Buffer, at: number): number =>
    isLittle ? from.readUInt32LE(at) : from.readUInt32BE(at);
  const directory = long(head, 4);
  const entries = read(directory + 2, 12 * short(read(directory, 2), 0));
  for (let at = 0; at + 12 <= entries.length; at += 12) {
    if (short(entries, at) !== BITS_PER_SAMPLE) continue;
    return long(entries, at + 4) <= 2 ? short(entries, at + 8) : short(read(long(entries, at + 8), 2), 0);
  }
  return 8; // the format's default is 1
}
