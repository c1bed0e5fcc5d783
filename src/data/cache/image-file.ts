import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { crc32c } from "../../support/crc32c.js";
import type { RgbImage } from "../vision.js";

/**
 * A file of decoded images: a header, their pixels one after the other ([H, W, 3] bytes each), and a table of their
 * sizes and of their pixels' checksums (CRC-32C). The header, with the table's checksum, comes last: without it the file is
 * not whole. Numbers are little-endian.
 */
const MAGIC = Buffer.from("longtail pixels\n");
const KEY_BYTES = 32;
const KEY_AT = MAGIC.length;
const COUNT_AT = KEY_AT + KEY_BYTES; // images, bytes of pixels, the table's checksum: 64 bits each
export const PIXELS_AT = COUNT_AT + 24;
/** Numbers of an image in the table: height, width, checksum. */
const COLUMNS = 3;

/** [N] each. */
export interface ImageTable {
  readonly heights: Int32Array;
  readonly widths: Int32Array;
  readonly checksums: Int32Array;
}

/** Such a file, to be opened by a loader; disposed of once it is. */
export interface CachedImages extends Disposable {
  readonly path: string;
  readonly table: ImageTable;
}

/** What the table says of an image. */
export type ImageRow = readonly [height: number, width: number, checksum: number];

interface WriterOptions {
  /** Images that the file holds already, from its first one. */
  readonly rows?: readonly ImageRow[];
  /** Called with the rows of images whose pixels have been written. */
  readonly onRows?: (rows: readonly ImageRow[]) => void;
}

/** Writes such a file, image by image. */
export class ImageFileWriter {
  readonly #file: number;
  readonly #rows: ImageRow[];
  readonly #onRows: (rows: readonly ImageRow[]) => void;
  #written: number;

  constructor(file: number, { rows = [], onRows = () => undefined }: WriterOptions = {}) {
    this.#file = file;
    this.#rows = [...rows];
    this.#onRows = onRows;
    this.#written = rows.reduce((sum, row) => sum + bytesOf(row), 0);
  }

  /** Bytes of pixels so far. */
  get written(): number {
    return this.#written;
  }

  /** Images so far. */
  get images(): number {
    return this.#rows.length;
  }

  /** The table so far. */
  get table(): ImageTable {
    return columnsOf(Int32Array.from(this.#rows.flat()));
  }

  add(images: readonly RgbImage[]): void {
    const added = images.map(({ pixels, height, width }): ImageRow => {
      writeWhole(this.#file, pixels, PIXELS_AT + this.#written);
      this.#written += pixels.length;
      return [height, width, crc32c(pixels)];
    });
    this.#rows.push(...added);
    this.#onRows(added);
  }

  /** @param key 64 hexadecimal digits, by which the file is known again. */
  finish(key: string): ImageTable {
    const table = Int32Array.from(this.#rows.flat());
    const bytes = new Uint8Array(table.buffer);
    writeWhole(this.#file, bytes, PIXELS_AT + this.#written);
    const header = Buffer.alloc(PIXELS_AT);
    header.set(MAGIC);
    header.write(key, KEY_AT, "hex");
    header.writeBigUInt64LE(BigInt(table.length / COLUMNS), COUNT_AT);
    header.writeBigUInt64LE(BigInt(this.#written), COUNT_AT + 8);
    header.writeBigUInt64LE(BigInt(crc32c(bytes)), COUNT_AT + 16);
    writeWhole(this.#file, header, 0);
    return columnsOf(table);
  }
}

/** The table of a file that `key` is for, or what is wrong with the file. Its pixels are checked when they are read. */
export function readImageFile(path: string, key: string): ImageTable | { readonly fault: string } {
  const file = openSync(path, "r");
  try {
    const header = readWhole(file, 0, PIXELS_AT);
    if (!header.subarray(0, KEY_AT).equals(MAGIC)) return { fault: "it is no whole file of cached images" };
    if (header.toString("hex", KEY_AT, COUNT_AT) !== key) return { fault: "it holds other images" };
    const images = Number(header.readBigUInt64LE(COUNT_AT));
    const bytes = Number(header.readBigUInt64LE(COUNT_AT + 8));
    const tableBytes = 4 * COLUMNS * images;
    const expected = PIXELS_AT + bytes + tableBytes;
    const { size } = fstatSync(file);
    if (size !== expected) return { fault: `expected ${expected} bytes, found ${size}` };
    const found = readWhole(file, PIXELS_AT + bytes, tableBytes);
    if (BigInt(crc32c(found)) !== header.readBigUInt64LE(COUNT_AT + 16))
      return { fault: "its table of images is damaged" };
    const table = columnsOf(new Int32Array(found.buffer, found.byteOffset, COLUMNS * images));
    return pixelBytes(table) === bytes ? table : { fault: "its table does not fit its pixels" };
  } finally {
    closeSync(file);
  }
}

/** The rows of images in an open file, one after the other; null for one whose pixels are cut short or damaged. */
export function* wholeRows(file: number, rows: readonly ImageRow[]): Generator<ImageRow | null> {
  let at = PIXELS_AT;
  const { size } = fstatSync(file);
  for (const row of rows) {
    const bytes = bytesOf(row);
    const isThere = bytes > 0 && at + bytes <= size;
    yield isThere && (crc32c(readWhole(file, at, bytes)) | 0) === (row[2] | 0) ? row : null;
    at += bytes;
  }
}

/** The pixels of one image. */
export function readPixels(path: string, { heights, widths }: ImageTable, image: number): Buffer {
  const before = { heights: heights.subarray(0, image), widths: widths.subarray(0, image) };
  const file = openSync(path, "r");
  try {
    return readWhole(file, PIXELS_AT + pixelBytes(before), 3 * heights[image]! * widths[image]!);
  } finally {
    closeSync(file);
  }
}

function columnsOf(table: Int32Array): ImageTable {
  const column = (first: number): Int32Array => table.filter((_, place) => place % COLUMNS === first);
  return { heights: column(0), widths: column(1), checksums: column(2) };
}

function bytesOf([height, width]: ImageRow): number {
  return 3 * height * width;
}

function pixelBytes({ heights, widths }: Pick<ImageTable, "heights" | "widths">): number {
  return heights.reduce((sum, height, image) => sum + 3 * height * widths[image]!, 0);
}

/** A write may take a part only. */
function writeWhole(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

/** As many bytes as there are, zeros behind them. */
function readWhole(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  for (let read = 1; read > 0 && done < length; done += read)
    read = readSync(file, bytes, done, length - done, at + done);
  return bytes;
}
