import { writeFileAtomic } from "../../support/atomic-file.js";
import { ELEMENT_SIZE } from "../element-size.js";
import { native } from "../native.js";
import type { Tensor } from "../tensor.js";
import { pickle, type PthValue } from "./pickler.js";
import { crc32 } from "node:zlib";
import { LongtailError } from "../../support/errors.js";

interface NewEntry {
  readonly name: string; // ASCII
  readonly bytes: () => Uint8Array; // asked for once, when the entry is written
}

const ALIGNMENT = 64; // of every entry's bytes, so that they can be mapped into memory; PyTorch's own
const FIRST_DAY = 0x21; // 1980-01-01: equal contents make equal files
const LARGEST = 0xffffffff;
const MAX_ENTRIES = 0xfffe;

interface Written {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly start: number;
}

/**
 * A zip archive of stored entries, in pieces; one entry's bytes are in memory at a time.
 * @throws LongtailError when it would be larger than the format can say without its 64-bit extension.
 */
export function* zipOf(entries: Iterable<NewEntry>): Generator<Uint8Array> {
  const written: Written[] = [];
  let position = 0;
  for (const { name, bytes } of entries) {
    const content = bytes();
    const entry = { name: Buffer.from(name), crc: crc32(content), size: content.length, start: position };
    const head = localHeader(entry);
    position += head.length + content.length;
    if (position > LARGEST || written.length >= MAX_ENTRIES)
      throw new LongtailError(
        "a .pth file cannot hold more than 4 GiB or 65,534 tensors; write --format safetensors instead",
      );
    written.push(entry);
    yield head;
    yield content;
  }
  const directory = Buffer.concat(written.map(centralRecord));
  yield directory;
  yield endRecord(written.length, directory.length, position);
}

/** Padded, by an extra field that readers skip, so that the bytes behind it begin at a multiple of 64. */
function localHeader(entry: Written): Buffer {
  const fixed = 30 + entry.name.length + 4;
  const padding = (ALIGNMENT - ((entry.start + fixed) % ALIGNMENT)) % ALIGNMENT;
  const header = Buffer.alloc(fixed + padding, "Z");
  header.writeUInt32LE(0x04034b50);
  writeCommon(header, 4, entry, 4 + padding);
  entry.name.copy(header, 30);
  header.write("FB", 30 + entry.name.length); // the field's name is PyTorch's
  header.writeUInt16LE(padding, 32 + entry.name.length);
  return header;
}

function centralRecord(entry: Written): Buffer {
  const record = Buffer.alloc(46 + entry.name.length);
  record.writeUInt32LE(0x02014b50);
  writeCommon(record, 6, entry, 0);
  record.writeUInt32LE(entry.start, 42);
  entry.name.copy(record, 46);
  return record;
}

/** From "version needed" to the lengths of name and extra field: the same in both records. */
function writeCommon(record: Buffer, at: number, { name, crc, size }: Written, extra: number): void {
  record.fill(0, at, at + 10); // version, flags, method (stored), time
  record.writeUInt16LE(FIRST_DAY, at + 8);
  record.writeUInt32LE(crc, at + 10);
  record.writeUInt32LE(size, at + 14);
  record.writeUInt32LE(size, at + 18);
  record.writeUInt16LE(name.length, at + 22);
  record.writeUInt16LE(extra, at + 24);
}

function endRecord(count: number, size: number, start: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50);
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(start, 16);
  return record;
}

const FORMAT_VERSION = "3\n"; // the archive's, since PyTorch 1.6

/**
 * Writes what torch.load reads, weights_only=True included, atomically; equal values make equal bytes. Every tensor
 * gets a storage of its own, row-major.
 * @throws LongtailError when the disk is full, the folder cannot be written or there are more than 4 GiB.
 */
export function writePth(path: string, value: PthValue): void {
  const { bytes, tensors } = pickle(value);
  const text = (content: string) => (): Uint8Array => Buffer.from(content);
  writeFileAtomic(
    path,
    zipOf([
      { name: "archive/data.pkl", bytes: () => bytes },
      { name: "archive/byteorder", bytes: text("little") },
      ...tensors.map((tensor, key) => ({ name: `archive/data/${key}`, bytes: () => elementsOf(tensor) })),
      { name: "archive/version", bytes: text(FORMAT_VERSION) },
    ]),
  );
}

function elementsOf(tensor: Tensor): Uint8Array {
  const bytes = new Uint8Array(tensor.size * ELEMENT_SIZE[tensor.dtype]);
  native().copyOut(tensor.handle, bytes);
  return bytes;
}
