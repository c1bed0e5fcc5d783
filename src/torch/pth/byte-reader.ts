import { LIMITS } from "../../support/budget.js";
import { CheckpointError } from "../../support/errors.js";

/** What bytes are read from: a file, or bytes in memory. */
export interface ByteSource {
  /** For messages: the file's path, and the part of it if it is one. */
  readonly name: string;
  readonly size: number;
  read(size: number, position: number): Uint8Array;
}

export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (size, position) => bytes.subarray(position, position + size),
  };
}

const WINDOW = 1 << 16;

/** Reads numbers and texts one after the other, through a window, so that a large file is never held whole. */
export class ByteReader {
  readonly source: ByteSource;
  #window: Uint8Array = new Uint8Array();
  #windowStart = 0;
  #position: number;

  constructor(source: ByteSource, position = 0) {
    this.source = source;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** The next bytes, valid until the next call. @throws CheckpointError when the source ends before. */
  take(size: number): Uint8Array {
    const { name, size: available } = this.source;
    const start = this.#position;
    if (size > available - start)
      throw new CheckpointError(
        `${name}: truncated: expected ${size} more bytes at byte ${start}, found ${available - start}`,
      );
    if (start + size > this.#windowStart + this.#window.length) {
      this.#window = this.source.read(Math.min(Math.max(size, WINDOW), available - start), start);
      this.#windowStart = start;
    }
    this.#position += size;
    return this.#window.subarray(start - this.#windowStart, start - this.#windowStart + size);
  }

  uint8(): number {
    return this.take(1)[0]!;
  }

  /** Unsigned, little-endian, of up to 6 bytes. */
  uint(bytes: number): number {
    return this.take(bytes).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  int32(): number {
    return this.uint(4) | 0;
  }

  /** Unsigned, little-endian, 8 bytes; a length that no file has loses digits, which does no harm. */
  uint64(): number {
    const low = this.uint(4);
    return low + this.uint(4) * 2 ** 32;
  }

  /** Big-endian, as pickles hold it. */
  float64(): number {
    const bytes = this.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
  }

  text(size: number, encoding: "utf8" | "latin1" = "utf8"): string {
    return Buffer.from(this.take(size)).toString(encoding);
  }

  /** Up to the next line feed, which is read as well. @throws CheckpointError when the line is longer than names are. */
  line(): string {
    const bytes: number[] = [];
    for (let byte = this.uint8(); byte !== 0x0a; byte = this.uint8()) {
      if (bytes.push(byte) <= LIMITS.pickleLine) continue;
      throw new CheckpointError(
        `${this.source.name}: damaged: expected a line of at most ${LIMITS.pickleLine} bytes (byte ${this.#position} of the pickle)`,
      );
    }
    return Buffer.from(bytes).toString("utf8");
  }
}
