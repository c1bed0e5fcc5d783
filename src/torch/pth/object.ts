import { CheckpointError } from "../../support/errors.js";
import type { DType } from "../dispatch.js";
import { ELEMENT_SIZE } from "../element-size.js";
import { native } from "../native.js";
import { Tensor } from "../tensor.js";
import type { ByteReader } from "./byte-reader.js";
import { buildState, globalOf, Storage, type StorageType, wholeNumber } from "./globals.js";
import { ArgumentError, unpickle } from "./pickle.js";

/** Reads one pickle; without `load` its tensors are null and the types of its storages are noted. */
export function unpickleObject(
  reader: ByteReader,
  load: ((key: string, size: number) => Uint8Array) | null,
  types = new Map<string, DType>(),
): unknown {
  const storages = new Map<string, Storage>();
  return unpickle(reader, {
    global: (name) => globalOf(name, reader.source.name),
    build: buildState,
    persistent(id) {
      const { key, dtype, elements } = storageId(id);
      types.set(key, dtype);
      const known = storages.get(key);
      if (known !== undefined) return known;
      const storage = load === null ? new UnreadStorage() : new LoadedStorage({ key, dtype, elements }, load);
      storages.set(key, storage);
      return storage;
    },
  });
}

interface StorageId {
  readonly key: string;
  readonly dtype: DType;
  readonly elements: number;
}

/** ("storage", its class, key, device, number of elements[, view]). The device is of no interest: all goes to the CPU. */
function storageId(id: unknown): StorageId {
  const [kind, type, key, , elements, view = null] = Array.isArray(id) ? (id as unknown[]) : [];
  const dtype = (type as StorageType | undefined)?.storage;
  if (kind !== "storage" || dtype === undefined || typeof key !== "string")
    throw new ArgumentError("expected a storage");
  if (view !== null) throw new ArgumentError("has storages that are views of others (PyTorch before 0.4)");
  return { key, dtype, elements: wholeNumber(elements) };
}

class UnreadStorage extends Storage {
  override view(): null {
    return null;
  }
}

/** Tensors share its memory. */
class LoadedStorage extends Storage {
  readonly #id: StorageId;
  readonly #all: Tensor; // one axis

  constructor(id: StorageId, load: (key: string, size: number) => Uint8Array) {
    super();
    const { key, dtype, elements } = id;
    const size = elements * ELEMENT_SIZE[dtype];
    const bytes = load(key, size);
    if (bytes.length < size)
      throw new ArgumentError(`storage ${key} has ${bytes.length} bytes, expected ${size}`);
    this.#id = id;
    this.#all = new Tensor(native().copyIn(bytes.subarray(0, size), [elements], dtype));
  }

  override view(offset: number, shape: readonly number[], strides: readonly number[]): Tensor {
    const last = shape.reduce((end, size, axis) => end + (size - 1) * strides[axis]!, offset);
    const { key, elements } = this.#id;
    if (!shape.includes(0) && last >= elements)
      throw new ArgumentError(`a tensor reaches beyond the ${elements} elements of storage ${key}`);
    return this.#all.asStrided(shape, strides, { storageOffset: offset });
  }
}

export function requireLittleEndian(path: string, isLittle: boolean): void {
  if (!isLittle)
    throw new CheckpointError(`${path}: written by a big-endian machine, which is not supported`);
}
