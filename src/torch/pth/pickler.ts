import type { DType } from "../dispatch.js";
import { Tensor } from "../tensor.js";
import { STORAGES } from "./globals.js";

/** What can be written: a Map becomes an OrderedDict, an object a dict, a bigint an int and a number a float. */
export type PthValue =
  | Tensor
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly PthValue[]
  | ReadonlyMap<string, PthValue>
  | { readonly [key: string]: PthValue };

const STORAGE_NAMES = new Map(Object.entries(STORAGES).map(([name, dtype]) => [dtype, name]));

/** A pickle of protocol 2, and the tensors that its storages 0, 1, … hold, in row-major order. */
export function pickle(value: PthValue): { bytes: Uint8Array; tensors: readonly Tensor[] } {
  const pickler = new Pickler();
  pickler.write(value);
  return { bytes: pickler.finish(), tensors: pickler.tensors };
}

class Pickler {
  readonly tensors: Tensor[] = [];
  readonly #chunks: Buffer[] = [Buffer.of(0x80, 2)];

  finish(): Uint8Array {
    return Buffer.concat([...this.#chunks, Buffer.from(".")]);
  }

  write(value: PthValue): void {
    if (value === null) this.#code("N");
    else if (value instanceof Tensor) this.#tensor(value);
    else if (value instanceof Map) this.#orderedDictionary(value as ReadonlyMap<string, PthValue>);
    else if (Array.isArray(value)) this.#list(value as readonly PthValue[]);
    else if (typeof value === "object") this.#dictionary(value as Readonly<Record<string, PthValue>>);
    else this.#plain(value);
  }

  #plain(value: string | number | bigint | boolean): void {
    switch (typeof value) {
      case "string":
        this.#text(value);
        break;
      case "boolean":
        this.#code(value ? "\x88" : "\x89");
        break;
      case "bigint":
        this.#integer(value);
        break;
      default: {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleBE(value);
        this.#code("G", bytes);
      }
    }
  }

  #orderedDictionary(entries: ReadonlyMap<string, PthValue>): void {
    this.#code("ccollections\nOrderedDict\n)R");
    this.#items(entries);
  }

  #dictionary(value: Readonly<Record<string, PthValue>>): void {
    this.#code("}");
    this.#items(Object.entries(value));
  }

  #items(entries: Iterable<readonly [string, PthValue]>): void {
    this.#code("(");
    for (const [key, value] of entries) {
      this.#text(key);
      this.write(value);
    }
    this.#code("u");
  }

  #list(values: readonly PthValue[]): void {
    this.#code("](");
    for (const value of values) this.write(value);
    this.#code("e");
  }

  /** _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks) */
  #tensor(tensor: Tensor): void {
    const key = this.tensors.push(tensor) - 1;
    this.#code("ctorch._utils\n_rebuild_tensor_v2\n((");
    this.#text("storage");
    this.#code(`ctorch\n${storageName(tensor.dtype)}\n`);
    this.#text(String(key));
    this.#text("cpu");
    this.#integer(BigInt(tensor.size));
    this.#code("tQ");
    this.#integer(0n);
    this.#integers(tensor.shape);
    this.#integers(rowMajorStrides(tensor.shape));
    this.#code("\x89ccollections\nOrderedDict\n)RtR");
  }

  /** A tuple. */
  #integers(values: readonly number[]): void {
    this.#code("(");
    for (const value of values) this.#integer(BigInt(value));
    this.#code("t");
  }

  #integer(value: bigint): void {
    const fits = BigInt.asIntN(32, value) === value;
    if (!fits && BigInt.asIntN(64, value) !== value)
      throw new RangeError(`expected an integer of 64 bits, found ${value}`);
    const bytes = Buffer.alloc(fits ? 4 : 9);
    if (fits) bytes.writeInt32LE(Number(value));
    else {
      bytes.writeUInt8(8);
      bytes.writeBigInt64LE(value, 1);
    }
    this.#code(fits ? "J" : "\x8a", bytes);
  }

  #text(text: string): void {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    this.#code("X", Buffer.concat([length, bytes]));
  }

  #code(letters: string, argument: Buffer = Buffer.alloc(0)): void {
    this.#chunks.push(Buffer.from(letters, "latin1"), argument);
  }
}

function storageName(dtype: DType): string {
  return STORAGE_NAMES.get(dtype)!; // every element type has one
}

/** As PyTorch counts them: an empty axis counts as one. */
function rowMajorStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape
    .toReversed()
    .map((size) => {
      const own = stride;
      stride *= Math.max(size, 1);
      return own;
    })
    .toReversed();
}
