import { shortened, shownValue } from "../../support/budget.js";
import { CheckpointError } from "../../support/errors.js";
import type { DType } from "../dispatch.js";
import { ELEMENT_SIZE, isAddressable } from "../element-size.js";
import { native } from "../native.js";
import { Tensor } from "../tensor.js";
import type { ByteReader } from "./byte-reader.js";
import { buildState, globalOf, Storage, type StorageType, wholeNumber } from "./globals.js";
import { ArgumentError, Placeholder, unpickle } from "./pickle.js";

/** Reads one pickle; without `load` its tensors are null and the types of its storages are noted. */
export function unpickleObject(
  reader: ByteReader,
  load: ((key: string, size: number) => Uint8Array) | null,
  types = new Map<string, DType>(),
): unknown {
  const storages = new Map<string, { readonly id: StorageId; readonly storage: Storage }>();
  return unpickle(reader, {
    global: globalOf,
    build: buildState,
    persistent(persistentId) {
      const id = storageId(persistentId);
      if (id instanceof Placeholder) return id;
      const { key, dtype, elements } = id;
      types.set(key, dtype);
      const known = storages.get(key);
      if (known !== undefined && (known.id.dtype !== dtype || known.id.elements !== elements))
        throw new ArgumentError(
          `storage ${shownValue(key)} has ${known.id.elements} elements of ${known.id.dtype} and ${elements} of ${dtype}`,
        );
      const storage = known?.storage ?? (load === null ? new UnreadStorage() : new LoadedStorage(id, load));
      storages.set(key, { id, storage });
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
function storageId(id: unknown): StorageId | Placeholder {
  const [kind, type, key, , elements, view = null] = Array.isArray(id) ? (id as unknown[]) : [];
  if (kind === "storage" && type instanceof Placeholder) return type;
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
      throw new ArgumentError(`storage ${shownValue(key)} has ${bytes.length} bytes, expected ${size}`);
    this.#id = id;
    this.#all = new Tensor(native().copyIn(bytes.subarray(0, size), [elements], dtype));
  }

  override view(offset: number, shape: readonly number[], strides: readonly number[]): Tensor {
    if (!isAddressable(shape, 1))
      throw new ArgumentError(`a tensor's shape has too many elements: [${shortened(shape.join(", "))}]`);
    const last = shape.reduce((end, size, axis) => end + (size - 1) * strides[axis]!, offset);
    const { key, elements } = this.#id;
    if (!shape.includes(0) && last >= elements)
      throw new ArgumentError(
        `a tensor reaches beyond the ${elements} elements of storage ${shownValue(key)}`,
      );
    return this.#all.asStrided(shape, strides, { storageOffset: offset });
  }
}

export function requireLittleEndian(path: string, isLittle: boolean): void {
  if (!isLittle)
    throw new CheckpointError(`${path}: written by a big-endian machine, which is not supported`);
}
