/**
 * The Python names that a file of weights may refer to, and what stands for them here. Whoever writes a pickle chooses
 * the names in it; PyTorch's own loader runs whatever they mean, this one knows nothing else than this list and holds a
 * Placeholder for everything else, such as the argparse.Namespace that training scripts save beside the weights.
 */
import { shownValue } from "../../support/budget.js";
import type { DType } from "../dispatch.js";
import { ArgumentError, PickleFunction, Placeholder } from "./pickle.js";

/** NumPy's scalars, as which accuracies get into checkpoints: numpy.core.multiarray.scalar(dtype, bytes). */
class NumpyType {
  bigEndian = false;
  constructor(readonly code: string) {}
}

const READERS: Record<string, (view: DataView, littleEndian: boolean) => number> = {
  f8: (view, little) => view.getFloat64(0, little),
  f4: (view, little) => view.getFloat32(0, little),
  i8: (view, little) => Number(view.getBigInt64(0, little)),
  i4: (view, little) => view.getInt32(0, little),
  i2: (view, little) => view.getInt16(0, little),
  i1: (view) => view.getInt8(0),
  u8: (view, little) => Number(view.getBigUint64(0, little)),
  u4: (view, little) => view.getUint32(0, little),
  u2: (view, little) => view.getUint16(0, little),
  u1: (view) => view.getUint8(0),
  b1: (view) => view.getUint8(0),
};

const numpyGlobals: Record<string, (args: readonly unknown[]) => unknown> = {
  "numpy.dtype": ([code]) => new NumpyType(typeof code === "string" ? code : ""),
  "numpy.core.multiarray.scalar": scalar,
  "numpy._core.multiarray.scalar": scalar, // since NumPy 2
  "_codecs.encode": ([text, encoding]) => encode(text, encoding), // protocol 2 has no bytes
};

/** A dtype's state is (version, byte order, …). False when the object is none. */
function setNumpyState(object: unknown, state: unknown): boolean {
  if (!(object instanceof NumpyType)) return false;
  object.bigEndian = Array.isArray(state) && state[1] === ">";
  return true;
}

/** Of a type that is no number (a date, a record), a Placeholder. */
function scalar([type, bytes]: readonly unknown[]): unknown {
  const read = type instanceof NumpyType ? READERS[type.code] : undefined;
  if (!(type instanceof NumpyType) || read === undefined) return new Placeholder("numpy.generic");
  if (!(bytes instanceof Uint8Array) || bytes.length !== Number(type.code.slice(1)))
    throw new ArgumentError(`a NumPy scalar of type ${type.code} holds ${shownValue(bytes)}`);
  return read(new DataView(bytes.buffer, bytes.byteOffset), !type.bigEndian);
}

function encode(text: unknown, encoding: unknown): Uint8Array {
  if (typeof text !== "string" || encoding !== "latin1")
    throw new ArgumentError(`encodes bytes as ${shownValue(encoding)}; expected latin1`);
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** The class of a storage: which elements it holds. */
export interface StorageType {
  readonly storage: DType;
}

/** Memory that tensors look at. */
export abstract class Storage {
  /** The tensor of `shape` whose elements lie `strides` apart, from element `offset` on. */
  abstract view(offset: number, shape: readonly number[], strides: readonly number[]): unknown;
}

/** An object of a TorchScript archive: its attributes alone, since none of its code is run. */
export class ScriptObject {
  readonly attributes = new Map<string, unknown>();
}
/** Before the names of the classes in such an archive. */
const SCRIPT = "__torch__.";

/** Classes of storages by name, in the module torch. */
export const STORAGES: Record<string, DType> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

/** The whitelist, by "module.name". */
const GLOBALS = new Map<string, unknown>([
  ...Object.entries(STORAGES).map(([name, storage]) => [`torch.${name}`, { storage }] as const),
  ...Object.values(STORAGES).map((dtype) => [`torch.${dtype}`, `torch.${dtype}`] as const),
  ...functions({
    "collections.OrderedDict": ([items]) => dictionary(items),
    "collections.defaultdict": ([_factory, items]) => dictionary(items),
    "collections.Counter": ([items]) => dictionary(items),
    "torch._utils._rebuild_tensor": tensor,
    "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_parameter": ([data]) => data,
    "torch.Size": ([sizes]) => sizes,
    "torch.device": device,
  }),
  ...["builtins", "__builtin__"].flatMap((module) =>
    functions({
      [`${module}.set`]: ([items]) => new Set(list(items)),
      [`${module}.frozenset`]: ([items]) => new Set(list(items)),
      [`${module}.list`]: ([items]) => [...list(items)],
      [`${module}.dict`]: ([items]) => dictionary(items),
      [`${module}.int`]: ([value = 0]) => value,
      [`${module}.float`]: ([value = 0]) => value,
    }),
  ),
  ...functions(numpyGlobals),
]);

/** What stands for a name: of a class that is not in the list, a Placeholder. */
export function globalOf(name: string): unknown {
  if (name.startsWith(SCRIPT)) return new PickleFunction(name, () => new ScriptObject());
  return GLOBALS.get(name) ?? new Placeholder(name);
}

/** Attributes of a dictionary, such as a state dictionary's version numbers, are left out. */
export function buildState(object: unknown, state: unknown): void {
  if (object instanceof ScriptObject && state instanceof Map) {
    for (const [name, value] of state as Map<unknown, unknown>)
      if (typeof name === "string") object.attributes.set(name, value);
    return;
  }
  if (object instanceof Map || setNumpyState(object, state)) return;
  throw new ArgumentError("sets attributes of an object that has none");
}

function functions(
  named: Record<string, (args: readonly unknown[]) => unknown>,
): (readonly [string, PickleFunction])[] {
  return Object.entries(named).map(([name, call]) => [name, new PickleFunction(name, call)]);
}

function list(items: unknown = []): unknown[] {
  if (Array.isArray(items)) return items as unknown[];
  throw new ArgumentError("expected a list");
}

function dictionary(items: unknown = []): Map<unknown, unknown> {
  if (items instanceof Map) return new Map<unknown, unknown>(items);
  return new Map(list(items).map((pair) => list(pair) as [unknown, unknown]));
}

function device([type, index]: readonly unknown[]): string {
  if (typeof type !== "string" || (index !== undefined && typeof index !== "number"))
    throw new ArgumentError(`expected a device, found ${shownValue(type)}`);
  return index === undefined ? type : `${type}:${index}`;
}

/** Of a storage whose elements are not known here (complex numbers, say), a Placeholder. */
function tensor([storage, offset, shape, strides]: readonly unknown[]): unknown {
  if (storage instanceof Placeholder) return storage;
  if (!(storage instanceof Storage)) throw new ArgumentError("a tensor lacks its storage");
  const sizes = list(shape).map(wholeNumber);
  const steps = list(strides).map(wholeNumber);
  if (sizes.length !== steps.length) throw new ArgumentError("a tensor's shape and strides differ in length");
  return storage.view(wholeNumber(offset), sizes, steps);
}

/** A size or a position. */
export function wholeNumber(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ArgumentError(`expected a whole number as size or position, found ${shownValue(value)}`);
}
