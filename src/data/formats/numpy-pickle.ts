import { shortened, shownValue } from "../../support/budget.js";
import { CheckpointError, DataError } from "../../support/errors.js";
import { ByteReader, memorySource } from "../../torch/pth/byte-reader.js";
import { ArgumentError, PickleFunction, unpickle } from "../../torch/pth/pickle.js";
import { readBytes } from "./reading/text-file.js";

/** A NumPy array as its pickle has it. */
export interface NumpyArray {
  /** NumPy's code of the element type, such as "u1". */
  readonly type: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a dictionary that Python pickled (protocols 2 to 4), of lists, texts, numbers and NumPy arrays. No code of the
 * file runs: whatever else it names is an error. Keys and texts that were bytes become texts.
 * @throws DataError
 */
export function readNumpyPickle(path: string): Map<string, unknown> {
  try {
    const found = unpickle(new ByteReader(memorySource(path, readBytes(path))), world(path));
    if (!(found instanceof Map)) throw new DataError(`${path}: expected a pickled dictionary.`);
    return new Map([...found].map(([key, value]) => [textOf(key), plain(value)]));
  } catch (error) {
    if (error instanceof CheckpointError) throw new DataError(error.message, { cause: error });
    if (error instanceof ArgumentError) throw new DataError(`${path}: ${error.message}.`, { cause: error });
    throw error;
  }
}

class DType {
  constructor(readonly code: string) {}
}

/** Empty until its state is laid over it. */
class ArrayBeingBuilt {
  array: NumpyArray | null = null;
}

const GLOBALS = new Map<string, unknown>([
  ["numpy.ndarray", "numpy.ndarray"],
  ["numpy.dtype", new PickleFunction("numpy.dtype", ([code]) => new DType(textOf(code)))],
  ["numpy.core.multiarray._reconstruct", new PickleFunction("_reconstruct", () => new ArrayBeingBuilt())],
  ["numpy._core.multiarray._reconstruct", new PickleFunction("_reconstruct", () => new ArrayBeingBuilt())],
  ["_codecs.encode", new PickleFunction("encode", ([text]) => Buffer.from(textOf(text), "latin1"))],
]);

function world(path: string): Parameters<typeof unpickle>[1] {
  return {
    global: (name) => {
      if (GLOBALS.has(name)) return GLOBALS.get(name);
      throw new DataError(
        `${path}: refers to ${shortened(name)}, which images have no need of; nothing of it was run.`,
      );
    },
    persistent: () => {
      throw new ArgumentError("refers to something outside the file");
    },
    build: (object, state) => {
      if (object instanceof ArrayBeingBuilt) object.array = arrayOf(state);
      else if (!(object instanceof DType))
        throw new ArgumentError("sets attributes of an object that has none");
    },
  };
}

/** An array's state: (version, shape, dtype, whether it lies column by column, bytes). */
function arrayOf(state: unknown): NumpyArray {
  const [, shape, dtype, byColumns, content] = Array.isArray(state) ? (state as unknown[]) : [];
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  const sizes = Array.isArray(shape) ? (shape as unknown[]) : [];
  if (!(dtype instanceof DType) || !(bytes instanceof Uint8Array) || !sizes.every(Number.isInteger))
    throw new ArgumentError("holds a NumPy array that cannot be read");
  const found = { type: dtype.code, shape: sizes as number[], bytes };
  return byColumns === true ? rowMajor(found) : found;
}

/** Turns a matrix of bytes that lies column by column. */
function rowMajor({ type, shape, bytes }: NumpyArray): NumpyArray {
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || type !== "u1" || bytes.length !== rows * columns)
    throw new ArgumentError("holds a NumPy array that lies column by column");
  const turned = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[row * columns + column] = bytes[column * rows + row]!;
  return { type, shape, bytes: turned };
}

/** @throws ArgumentError when it is none: the text of a value may be longer than any memory. */
function textOf(value: unknown): string {
  const text = asText(value);
  if (typeof text === "string") return text;
  throw new ArgumentError(`expected a text, found ${shownValue(text)}`);
}

function asText(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}

function plain(value: unknown): unknown {
  if (value instanceof ArrayBeingBuilt) return value.array;
  return Array.isArray(value) ? value.map(asText) : asText(value);
}
