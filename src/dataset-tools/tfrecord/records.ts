import { closeSync, fstatSync, readSync } from "node:fs";
import { maskedCrc32c } from "../../support/crc32c.js";
import { DataError, systemCode } from "../../support/errors.js";
import { IrregularFileError, openRegularFile } from "../../support/regular-file.js";
import { CHECKSUM_BYTES, HEADER_BYTES, LENGTH_BYTES } from "../../support/tfrecord-frame.js";

export interface TfRecord {
  /** Counted from 0. */
  readonly number: number;
  /** Where it starts in the file. */
  readonly offset: number;
  /** Its content, until the next record is read: all records share one buffer. */
  readonly data: Uint8Array;
}

/** A longer record is a damaged length; images are smaller by far. */
const MAX_RECORD_BYTES = 2 ** 30;

/**
 * Reads a TFRecord file, one record at a time; holds no more than the largest record in memory. Both checksums of every
 * record are checked. The format: TensorFlow's guide "TFRecord and tf.train.Example".
 *
 * @throws DataError with the file, the record and its offset when the file is damaged, truncated or no such file.
 */
export function* readTfRecords(path: string): Generator<TfRecord, void> {
  const file = openFile(path);
  try {
    const size = fstatSync(file).size;
    const frame = new FrameReader(file, path, size);
    for (let number = 0, offset = 0; offset < size; number++) {
      const data = frame.read(number, offset);
      yield { number, offset, data };
      offset += HEADER_BYTES + data.length + CHECKSUM_BYTES;
    }
  } finally {
    closeSync(file);
  }
}

/** The size of a TFRecord file in bytes. @throws DataError when it is none that can be read, or empty. */
export function tfRecordSize(path: string): number {
  const file = openFile(path);
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number {
  let file: number;
  try {
    file = openRegularFile(path);
  } catch (error) {
    if (error instanceof IrregularFileError)
      throw new DataError(`${path}: expected a TFRecord file, found ${error.found}.`, { cause: error });
    const reason = systemCode(error) === "ENOENT" ? "file not found" : (error as Error).message;
    throw new DataError(`${path}: expected a TFRecord file: ${reason}.`, { cause: error });
  }
  if (fstatSync(file).size > 0) return file;
  closeSync(file);
  throw new DataError(`${path}: expected at least one record, the file is empty.`);
}

class FrameReader {
  readonly #size: number;
  readonly #path: string;
  readonly #file: number;
  #buffer = Buffer.alloc(1 << 16);

  constructor(file: number, path: string, size: number) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
  }

  /** The data of the record at `offset`. */
  read(number: number, offset: number): Uint8Array {
    const where = `${this.#path}, record ${number} (byte ${offset})`;
    const left = this.#size - offset;
    if (left < HEADER_BYTES) {
      throw new DataError(
        `${where}: expected a length and its checksum, ${HEADER_BYTES} bytes, found ${left}: the file is truncated.`,
      );
    }
    const length = this.#length(where, offset);
    const needed = HEADER_BYTES + length + CHECKSUM_BYTES;
    if (left < needed) {
      throw new DataError(
        `${where}: expected ${length} bytes of data and a checksum, found ${left - HEADER_BYTES} bytes: the file is truncated.`,
      );
    }
    const body = this.#fill(offset + HEADER_BYTES, length + CHECKSUM_BYTES, where);
    const data = body.subarray(0, length);
    assertChecksum(data, body.readUInt32LE(length), `${where}: the data's checksum`);
    return data;
  }

  #length(where: string, offset: number): number {
    const header = this.#fill(offset, HEADER_BYTES, where);
    const lengthBytes = header.subarray(0, LENGTH_BYTES);
    const hint = offset === 0 ? foreignHint(header) : "";
    assertChecksum(lengthBytes, header.readUInt32LE(LENGTH_BYTES), `${where}: the length's checksum`, hint);
    const length = Number(header.readBigUInt64LE(0));
    if (length <= MAX_RECORD_BYTES) return length;
    throw new DataError(`${where}: expected a record of at most ${MAX_RECORD_BYTES} bytes, found ${length}.`);
  }

  /** `count` bytes from `position` on, in the buffer that the next call overwrites. */
  #fill(position: number, count: number, where: string): Buffer {
    if (this.#buffer.length < count) this.#buffer = Buffer.alloc(count);
    for (let filled = 0; filled < count;) {
      const got = readSync(this.#file, this.#buffer, filled, count - filled, position + filled);
      if (got === 0) throw new DataError(`${where}: the file became shorter while it was read.`);
      filled += got;
    }
    return this.#buffer.subarray(0, count);
  }
}

function assertChecksum(bytes: Uint8Array, stored: number, what: string, hint = ""): void {
  const computed = maskedCrc32c(bytes);
  if (computed === stored) return;
  const hex = (value: number): string => value.toString(16).padStart(8, "0");
  throw new DataError(
    `${what}: expected ${hex(computed)}, found ${hex(stored)}: the file is damaged${hint}.`,
  );
}

/** What a file that does not start with a record may be instead. */
function foreignHint(header: Buffer): string {
  if (header[0] === 0x1f && header[1] === 0x8b) return ", or compressed: unpack it with gunzip first";
  if (header[0] === 0x78) return ", or compressed with zlib: write it without compression";
  return ", or no TFRecord file";
}
