/**
 * The safetensors format: 8 bytes of little-endian header length, a JSON header { name: { dtype, shape,
 * data_offsets } }, then the raw data, row-major and little-endian (huggingface/safetensors, format description).
 *
 * Files of ours carry a checksum in their metadata, `sha256`: of the whole file with that number's digits as zeros.
 * Where there is one it is checked, so that a file that was damaged is never taken for a network.
 */
import { createHash } from "node:crypto";
import { writeFileAtomic } from "../support/atomic-file.js";
import { LIMITS, shortened, shownValue } from "../support/budget.js";
import { CheckpointError } from "../support/errors.js";
import { isObject, type JsonObject, objectIn } from "../support/json.js";
import { jsonBudgetFault, repeatedKey } from "../support/json-text.js";
import type { DType } from "./dispatch.js";
import { ELEMENT_SIZE, isAddressable } from "./element-size.js";
import { InputFile } from "./input-file.js";
import { native } from "./native.js";
import { Tensor } from "./tensor.js";

const names: Record<DType, string> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};
const dtypes = new Map(Object.entries(names).map(([dtype, name]) => [name, dtype as DType]));
/** A header beyond this is no header: the format's own limit. */
const LARGEST_HEADER = 100_000_000;

const CHECKSUM = "sha256";
const NO_DIGITS = "0".repeat(64);
/** Bytes that are read at once while a checksum is computed. */
const PIECE = 1 << 24;

export interface SafetensorsFile {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/** As the header has it. */
interface RawEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [start: number, end: number];
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: number[];
  readonly start: number;
  readonly end: number;
}

export interface ReadSafetensorsOptions {
  /** Says no to a file without a checksum: of a file of ours, damage may have taken it. */
  readonly needsChecksum?: boolean;
}

/**
 * Reads every tensor and the metadata. The tensors belong to the current scope.
 * @throws CheckpointError when the file is missing, truncated, damaged or not of this format.
 */
export function readSafetensors(
  path: string,
  { needsChecksum = false }: ReadSafetensorsOptions = {},
): SafetensorsFile {
  using file = new InputFile(path, "safetensors");
  const { entries, metadata, dataStart } = readHeader(file);
  const checksum = metadata[CHECKSUM];
  if (checksum !== undefined) verify(file, checksum, dataStart);
  else if (needsChecksum)
    throw new CheckpointError(
      `${path}: expected a checksum (${CHECKSUM}) in its metadata, found none: not a file of longtail's, or damaged`,
    );
  const tensors = new Map(entries.map((entry) => [entry.name, readTensor(file, entry, dataStart)]));
  return { tensors, metadata };
}

/** Reads the metadata alone. @throws CheckpointError as readSafetensors. */
export function readSafetensorsMetadata(path: string): Record<string, string> {
  using file = new InputFile(path, "safetensors");
  return readHeader(file).metadata;
}

/**
 * Writes tensors in the map's order, atomically: the file is whole or as it was before.
 * @throws LongtailError when the disk is full or the folder cannot be written.
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const header: Record<string, unknown> = { __metadata__: { [CHECKSUM]: NO_DIGITS, ...metadata } };
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const size = tensor.size * ELEMENT_SIZE[tensor.dtype];
    header[name] = { dtype: names[tensor.dtype], shape: tensor.shape, data_offsets: [offset, offset + size] };
    offset += size;
  }
  const head = encodeHeader(header);
  const digest = digestOf(withData(head, tensors.values()));
  head.write(digest, head.indexOf(NO_DIGITS), "latin1");
  writeFileAtomic(path, withData(head, tensors.values()));
}

function encodeHeader(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8; // data begins at a multiple of 8, as the format asks
  const head = Buffer.alloc(8 + padded, " ");
  head.writeBigUInt64LE(BigInt(padded));
  json.copy(head, 8);
  return head;
}

/** The file's content; a tensor's bytes are there only while they are used. */
function* withData(head: Uint8Array, tensors: Iterable<Tensor>): Generator<Uint8Array> {
  yield head;
  for (const tensor of tensors) {
    const bytes = new Uint8Array(tensor.size * ELEMENT_SIZE[tensor.dtype]);
    native().copyOut(tensor.handle, bytes);
    yield bytes;
  }
}

function digestOf(chunks: Iterable<Uint8Array>): string {
  const hash = createHash(CHECKSUM);
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** @throws CheckpointError when the file is not what was written. */
function verify(file: InputFile, expected: string, dataStart: number): void {
  const head = Buffer.from(file.read(dataStart, 0, "header"));
  const at = head.indexOf(`"${CHECKSUM}":"${expected}"`);
  if (at !== -1) head.write(`"${CHECKSUM}":"${NO_DIGITS}"`, at, "latin1");
  if (at === -1 || digestOf(wholeFile(head, file)) !== expected)
    throw new CheckpointError(`${file.path}: damaged: its content does not match its checksum`);
}

function* wholeFile(head: Uint8Array, file: InputFile): Generator<Uint8Array> {
  yield head;
  for (let at = head.length; at < file.size; at += PIECE)
    yield file.read(Math.min(PIECE, file.size - at), at, "data");
}

function readHeader(file: InputFile): {
  entries: Entry[];
  metadata: Record<string, string>;
  dataStart: number;
} {
  const { path } = file;
  const head = file.read(8, 0, "header length");
  const size = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (size > Math.min(LARGEST_HEADER, file.size - 8))
    throw new CheckpointError(
      `${path}: not a whole safetensors file: its header would have ${size} bytes, the file has ${file.size}`,
    );
  const header = parseHeader(path, file.read(size, 8, "header"));
  const { __metadata__: metadata = {}, ...fields } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string"))
    throw new CheckpointError(`${path}: not a safetensors file: its metadata is not a JSON object of texts`);
  const dataStart = 8 + size;
  const count = Object.keys(fields).length;
  if (count > LIMITS.fileTensors)
    throw new CheckpointError(
      `${path}: expected at most ${LIMITS.fileTensors} tensors, found ${count}, more than any network has: check that it is the ` +
        "file of weights that you mean",
    );
  const entries = Object.entries(fields).map(([name, value]) => entryOf(path, name, value));
  requireCovered(path, entries, file.size - dataStart);
  return { entries, metadata: metadata as Record<string, string>, dataStart };
}

/** A name that is there twice would be another tensor for another reader, as would one that is not in UTF-8. */
function parseHeader(path: string, bytes: Uint8Array): JsonObject {
  const no = (why: string): CheckpointError => new CheckpointError(`${path}: not a safetensors file: ${why}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw no("its header is not in UTF-8");
  }
  const fault = jsonBudgetFault(text, LIMITS.tensorHeader);
  if (fault !== null) throw no(`its header: ${fault}`);
  const header = text.startsWith("{") ? objectIn(text) : null;
  if (header === null) throw no("its header is not a JSON object");
  const repeated = repeatedKey(text);
  if (repeated === null) return header;
  throw new CheckpointError(`${path}: ${shownValue(repeated.key)} is there twice in its header`);
}

function entryOf(path: string, name: string, value: unknown): Entry {
  const {
    dtype: typeName,
    shape,
    data_offsets: offsets,
  } = (value ?? {}) as Partial<Record<keyof RawEntry, unknown>>;
  const tensor = `${path}: tensor ${shortened(name)}`;
  const [start, end, ...more] = areSizes(offsets) ? offsets : [];
  if (
    typeof typeName !== "string" ||
    !areSizes(shape) ||
    start === undefined ||
    end === undefined ||
    more.length > 0
  )
    throw new CheckpointError(`${tensor}: expected dtype, shape and data_offsets in the header`);
  const dtype = dtypes.get(typeName);
  if (!dtype)
    throw new CheckpointError(
      `${tensor} has the element type ${shortened(typeName)}, which is not supported`,
    );
  if (!isAddressable(shape, ELEMENT_SIZE[dtype]))
    throw new CheckpointError(`${tensor} has too many elements: [${shortened(shape.join(", "))}]`);
  const needed = shape.reduce((product, axis) => product * axis, ELEMENT_SIZE[dtype]);
  if (end - start !== needed)
    throw new CheckpointError(
      `${tensor} [${shortened(shape.join(", "))}] needs ${needed} bytes, the header gives it ${end - start}`,
    );
  return { name, dtype, shape: [...shape], start, end };
}

function areSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** As the format's reference reader: each byte of the data belongs to one tensor. */
function requireCovered(path: string, entries: readonly Entry[], available: number): void {
  let covered = 0;
  for (const { name, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (end > available)
      throw new CheckpointError(
        `${path}: truncated: tensor ${shortened(name)} ends at byte ${end} of the data, the file holds ${available}`,
      );
    if (start !== covered)
      throw new CheckpointError(
        `${path}: damaged: tensor ${shortened(name)} begins at byte ${start} of the data, expected ${covered}, where the one before it ends`,
      );
    covered = end;
  }
  if (covered !== available)
    throw new CheckpointError(
      `${path}: damaged: expected ${covered} bytes of data, as its header says, found ${available}`,
    );
}

function readTensor(file: InputFile, { name, dtype, shape, start, end }: Entry, dataStart: number): Tensor {
  const bytes = file.read(end - start, dataStart + start, `tensor ${shortened(name)}`);
  return new Tensor(native().copyIn(bytes, shape, dtype));
}
