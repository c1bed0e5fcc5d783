/** NumPy's scalars, as which accuracies get into checkpoints: numpy.core.multiarray.scalar(dtype, bytes). */
import { shownValue } from "../../support/budget.js";
import { ArgumentError, Placeholder } from "./pickle.js";

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

export const numpyGlobals: Record<string, (args: readonly unknown[]) => unknown> = {
  "numpy.dtype": ([code]) => new NumpyType(typeof code === "string" ? code : ""),
  "numpy.core.multiarray.scalar": scalar,
  "numpy._core.multiarray.scalar": scalar, // since NumPy 2
  "_codecs.encode": ([text, encoding]) => encode(text, encoding), // protocol 2 has no bytes
};

/** A dtype's state is (version, byte order, …). False when the object is none. */
export function setNumpyState(object: unknown, state: unknown): boolean {
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
