/**
 * PyTorch's own files, as torch.save writes them: an archive of a pickle and one entry for each storage, or a row of
 * pickles with the storages behind them. No code of the file is run.
 */
import { CheckpointError } from "../../support/errors.js";
import { InputFile } from "../input-file.js";
import { shortened, shownValue } from "../../support/budget.js";
import { ByteReader, memorySource, type ByteSource } from "./byte-reader.js";
import { requireLittleEndian, unpickleObject } from "./object.js";
import { readStored, type StoredEntry, zipEntries } from "./zip.js";
import type { DType } from "../dispatch.js";
import { ELEMENT_SIZE } from "../element-size.js";

/** The pickle of 0x1950a86a20f9469cfc6c, by which PyTorch knows these files. */
const LEGACY_START = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const LEGACY_PROTOCOL = 1001;

/**
 * PyTorch's format before 1.6: pickles of the magic number, the protocol, the machine, the object and the storages'
 * keys; then for each key the number of elements and the elements. The object's pickle is run twice: first to find
 * what lies behind it.
 */
function readLegacy(file: InputFile): unknown {
  const source: ByteSource = {
    name: file.path,
    size: file.size,
    read: (size, position) => file.read(size, position, "its pickles"),
  };
  const reader = new ByteReader(source, LEGACY_START.length);
  const protocol = unpickleObject(reader, null);
  if (protocol !== LEGACY_PROTOCOL)
    throw new CheckpointError(
      `${file.path}: has format ${shownValue(protocol)}; expected ${LEGACY_PROTOCOL}`,
    );
  const machine = unpickleObject(reader, null);
  requireLittleEndian(file.path, machine instanceof Map && machine.get("little_endian") === true);
  const objectStart = reader.position;
  const types = new Map<string, DType>();
  unpickleObject(reader, null, types);
  const spans = storageSpans(file, reader, types);
  return unpickleObject(new ByteReader(source, objectStart), (key, size) => {
    const span = spans.get(key);
    if (span === undefined)
      throw new CheckpointError(`${file.path}: damaged: it lacks storage ${shownValue(key)}`);
    if (span.size !== size)
      throw new CheckpointError(
        `${file.path}: damaged: storage ${shownValue(key)} has ${span.size} bytes, expected ${size}`,
      );
    return file.read(size, span.start, `storage ${shownValue(key)}`);
  });
}

/** Where the elements of a storage lie in the file. */
interface StorageSpan {
  readonly start: number;
  /** In bytes. */
  readonly size: number;
}

/** Where each storage's elements lie: one behind the other, so that no two share bytes. */
function storageSpans(
  file: InputFile,
  reader: ByteReader,
  types: ReadonlyMap<string, DType>,
): Map<string, StorageSpan> {
  const keys = unpickleObject(reader, null);
  const spans = new Map<string, StorageSpan>();
  let { position } = reader;
  for (const key of Array.isArray(keys) ? (keys as unknown[]) : []) {
    const dtype = typeof key === "string" ? types.get(key) : undefined;
    const what = `storage ${shownValue(key)}`;
    if (typeof key !== "string" || dtype === undefined)
      throw new CheckpointError(`${file.path}: damaged: ${what} has no type that is known`);
    if (spans.has(key)) throw new CheckpointError(`${file.path}: damaged: ${what} is there twice`);
    const elements = new ByteReader(memorySource(file.path, file.read(8, position, what))).uint64();
    const size = elements * ELEMENT_SIZE[dtype];
    spans.set(key, { start: position + 8, size });
    position += 8 + size;
  }
  return spans;
}

const ARCHIVE_START = [0x50, 0x4b, 0x03, 0x04];

/** PyTorch's format since 1.6: a zip archive of NAME/data.pkl and NAME/data/KEY for each storage. */
function readArchive(file: InputFile): unknown {
  const entries = zipEntries(file);
  const pickle = [...entries.values()].find(({ name }) => /^[^/]*\/data\.pkl$/.test(name));
  if (pickle === undefined)
    throw new CheckpointError(`${file.path}: a zip archive without PyTorch's data.pkl`);
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const entry = (name: string): StoredEntry => {
    const found = entries.get(folder + name);
    if (found === undefined)
      throw new CheckpointError(`${file.path}: damaged: it lacks ${shortened(folder + name)}`);
    return found;
  };
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined)
    requireLittleEndian(file.path, Buffer.from(readStored(file, order)).toString() === "little");
  const reader = new ByteReader(memorySource(file.path, readStored(file, pickle)));
  return unpickleObject(reader, (key) => readStored(file, entry(`data/${key}`)));
}

/** Whether a file begins as torch.save's files do. */
export function isPth(path: string): boolean {
  using file = new InputFile(path, ".pth");
  return startsWith(file, ARCHIVE_START) || startsWith(file, LEGACY_START);
}

/**
 * What torch.save saved: dictionaries as Maps, lists and tuples as arrays, whole numbers as number or bigint, tensors
 * in the scope that is open, sharing memory where they did.
 * @throws CheckpointError when the file is damaged, of another kind, or refers to code.
 */
export function readPth(path: string): unknown {
  using file = new InputFile(path, ".pth");
  if (startsWith(file, ARCHIVE_START)) return readArchive(file);
  if (startsWith(file, LEGACY_START)) return readLegacy(file);
  throw new CheckpointError(`${path}: not a PyTorch file: expected a zip archive or PyTorch's older format`);
}

function startsWith(file: InputFile, bytes: readonly number[]): boolean {
  if (file.size < bytes.length) return false;
  const start = file.read(bytes.length, 0, "its first bytes");
  return bytes.every((byte, i) => start[i] === byte);
}
