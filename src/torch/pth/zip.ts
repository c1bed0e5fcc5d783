/**
 * Zip archives whose entries are stored as they are, without compression: all that PyTorch writes but code. Also zip64, which
 * it uses beyond 4 GiB. Source: PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.5.3.
 */
import { crc32 } from "node:zlib";
import { shortened } from "../../support/budget.js";
import { CheckpointError } from "../../support/errors.js";
import type { InputFile } from "../input-file.js";
import { ByteReader, memorySource } from "./byte-reader.js";

export interface StoredEntry {
  readonly name: string;
  /** Bytes that it takes in the archive. */
  readonly size: number;
  /** TorchScript's code is; tensors are not. */
  readonly isCompressed: boolean;
  readonly crc: number;
  readonly headerStart: number;
  /** Where the next entry or the directory begins. */
  readonly end: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const LOCAL_SIZE = 30;
const END_SIZE = 22;
const LOCATOR_SIZE = 20;
const MAX_COMMENT_LENGTH = 0xffff;
const SMALLEST_RECORD = 46; // of the directory
const IN_ZIP64 = 0xffffffff;

/**
 * The entries by name. They lie one behind the other, so that all of them together are no larger than the file.
 * @throws CheckpointError when the directory at the archive's end is missing or damaged.
 */
export function zipEntries(file: InputFile): Map<string, StoredEntry> {
  const { count, start, size } = findDirectory(file);
  if (count * SMALLEST_RECORD > size) throw damaged(file, "its directory cannot be read");
  const reader = readerOf(file, size, start, "the archive's directory");
  const records = Array.from({ length: count }, () => readEntry(reader, file));
  const byName = new Map<string, StoredEntry>();
  records.sort((a, b) => a.headerStart - b.headerStart);
  for (const [place, record] of records.entries()) {
    const { name } = record;
    const end = records[place + 1]?.headerStart ?? start;
    if (record.headerStart + LOCAL_SIZE + record.size > end)
      throw damaged(file, `${shortened(name)} reaches into what lies behind it`);
    if (byName.has(name)) throw damaged(file, `${shortened(name)} is there twice`);
    byName.set(name, { ...record, end });
  }
  return byName;
}

/** An entry's bytes, checked against its checksum. */
export function readStored(file: InputFile, entry: StoredEntry): Uint8Array {
  const { name, size, crc, isCompressed, headerStart, end } = entry;
  const shown = shortened(name);
  if (isCompressed)
    throw new CheckpointError(`${file.path}: ${shown} is compressed; PyTorch stores entries as they are`);
  const header = readerOf(file, LOCAL_SIZE, headerStart, shown);
  if (header.uint(4) !== LOCAL) throw damaged(file, `${shown} is not where it should be`);
  header.take(22);
  const start = headerStart + LOCAL_SIZE + header.uint(2) + header.uint(2);
  if (start + size > end) throw damaged(file, `${shown} reaches into what lies behind it`);
  const bytes = file.read(size, start, shown);
  if (crc32(bytes) !== crc) throw damaged(file, `${shown} has a wrong checksum`);
  return bytes;
}

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly size: number;
}

/** The directory's place stands in the last bytes, before a comment of any length. */
function findDirectory(file: InputFile): Directory {
  const tailStart = Math.max(0, file.size - END_SIZE - MAX_COMMENT_LENGTH);
  const tail = Buffer.from(file.read(file.size - tailStart, tailStart, "the archive's end").buffer);
  for (let at = tail.length - END_SIZE; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== END || tail.readUInt16LE(at + 20) !== tail.length - at - END_SIZE) continue;
    const start = tail.readUInt32LE(at + 16);
    const count = tail.readUInt16LE(at + 10);
    if (start === IN_ZIP64 || count === 0xffff) return findDirectory64(file, tailStart + at);
    return { count, start, size: tail.readUInt32LE(at + 12) };
  }
  throw new CheckpointError(`${file.path}: truncated, or not a whole zip archive: its directory is missing`);
}

function findDirectory64(file: InputFile, end: number): Directory {
  const locator = readerOf(file, LOCATOR_SIZE, end - LOCATOR_SIZE, "the archive's end");
  if (locator.uint(4) !== LOCATOR_64) throw damaged(file, "its directory is missing");
  locator.take(4);
  const record = readerOf(file, 56, locator.uint64(), "the archive's end");
  if (record.uint(4) !== END_64) throw damaged(file, "its directory is missing");
  record.take(28);
  const count = record.uint64();
  const size = record.uint64();
  return { count, size, start: record.uint64() };
}

function readEntry(reader: ByteReader, file: InputFile): Omit<StoredEntry, "end"> {
  if (reader.uint(4) !== CENTRAL) throw damaged(file, "its directory cannot be read");
  reader.take(6);
  const method = reader.uint(2);
  reader.take(4);
  const crc = reader.uint(4);
  const compressed = reader.uint(4);
  const size = reader.uint(4);
  const [nameLength, extraLength, commentLength] = [reader.uint(2), reader.uint(2), reader.uint(2)];
  reader.take(8);
  const headerStart = reader.uint(4);
  const name = reader.text(nameLength);
  const extra = readExtra(reader, extraLength, [size, compressed, headerStart]);
  reader.take(commentLength);
  const isCompressed = method !== 0;
  return { name, crc, isCompressed, size: extra[isCompressed ? 1 : 0]!, headerStart: extra[2]! };
}

/** The fields, with those that do not fit into 32 bits taken from the zip64 extra field, in its order. */
function readExtra(reader: ByteReader, length: number, fields: readonly number[]): number[] {
  let large: ByteReader | null = null;
  const end = reader.position + length;
  while (reader.position + 4 <= end) {
    const id = reader.uint(2);
    const bytes = reader.take(reader.uint(2)).slice();
    if (id === 1) large = new ByteReader(memorySource(reader.source.name, bytes));
  }
  reader.take(Math.max(0, end - reader.position));
  return fields.map((field) => (field === IN_ZIP64 && large !== null ? large.uint64() : field));
}

function readerOf(file: InputFile, size: number, start: number, what: string): ByteReader {
  return new ByteReader(memorySource(`${file.path}, ${what}`, file.read(size, start, what)));
}

function damaged({ path }: InputFile, what: string): CheckpointError {
  return new CheckpointError(`${path}: damaged: ${what}`);
}
