/** The tensor: a handle to libtorch's, with PyTorch's operators as methods (operators.generated.ts). */
import { setTensorConstructor, type DType, type MemoryFormat } from "./dispatch.js";
import { native, type Handle } from "./native.js";
import { TensorOperators } from "./operators.generated.js";
import { own } from "./scope.js";

/** Arrays that hold the elements of each type exactly; half-precision elements are read as float32. */
export interface ElementArrays {
  float32: Float32Array;
  float64: Float64Array;
  bfloat16: Float32Array;
  float16: Float32Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}
export type ElementArray = ElementArrays[DType];

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/**
 * Operations borrow their arguments and return new tensors; names that end in `_` change the tensor itself and return
 * it. A tensor lives until its scope ends (scope.ts); using it afterwards throws FreedTensorError.
 */
export class Tensor extends TensorOperators {
  constructor(readonly handle: Handle) {
    super();
    own(handle);
  }

  get shape(): readonly number[] {
    return native().shape(this.handle);
  }

  /** Number of elements. */
  get size(): number {
    return native().elements(this.handle);
  }

  get dtype(): DType {
    return native().dtype(this.handle) as DType;
  }

  /** "cpu" or "cuda:0". */
  get device(): string {
    return native().device(this.handle);
  }

  get isAlive(): boolean {
    return native().isAlive(this.handle);
  }

  get isLeaf(): boolean {
    return native().isLeaf(this.handle);
  }

  get isChannelsLast(): boolean {
    return native().isChannelsLast(this.handle);
  }

  get requiresGrad(): boolean {
    return native().requiresGrad(this.handle);
  }

  setRequiresGrad(on = true): this {
    native().setRequiresGrad(this.handle, on);
    return this;
  }

  /** The accumulated gradient; a new handle in the current scope at each reading. */
  get grad(): Tensor | null {
    const handle = native().gradient(this.handle);
    return handle === null ? null : new Tensor(handle);
  }

  set grad(gradient: Tensor | null) {
    native().setGradient(this.handle, gradient?.handle ?? null);
  }

  /** Adds the gradients of this tensor to those of every leaf it depends on. A scalar needs no `gradient`. */
  backward(gradient?: Tensor, { retainGraph = false }: { retainGraph?: boolean } = {}): void {
    native().backward([this.handle], gradient ? [gradient.handle] : null, retainGraph);
  }

  /** The only element. int64 values beyond 2^53 lose digits. */
  item(): number {
    return native().item(this.handle);
  }

  /** The tensor with another element type, device or memory format; itself where nothing changes. */
  to({
    dtype,
    device,
    memoryFormat,
  }: {
    dtype?: DType;
    device?: string;
    memoryFormat?: MemoryFormat;
  }): Tensor {
    return this.toCopyIfNeeded({ dtype, device, memoryFormat });
  }

  /** A copy of the elements, row-major. */
  toArray(): ElementArray {
    const dtype = this.dtype;
    if (dtype === "bfloat16" || dtype === "float16") return this.to({ dtype: "float32" }).toArray();
    return readElements(this.handle, dtype);
  }

  /** A copy of the elements as numbers, row-major. */
  toList(): number[] {
    return Array.from(this.toArray() as ArrayLike<number | bigint>, Number);
  }

  override toString(): string {
    return this.isAlive
      ? `Tensor(${this.dtype} [${this.shape.join(", ")}], ${this.device})`
      : "Tensor(freed)";
  }
}

/** A copy of the elements behind a handle, row-major; those of half precision cannot be read so. */
export function readElements(handle: Handle, dtype: Exclude<DType, "bfloat16" | "float16">): ElementArray {
  const array = new arrayTypes[dtype](native().elements(handle));
  native().copyOut(handle, array);
  return array;
}

setTensorConstructor((handle) => new Tensor(handle));
