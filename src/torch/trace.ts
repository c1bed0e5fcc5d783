/** What a computation is made of: its operator calls, as they are made. */
import { type DType, observeCalls } from "./dispatch.js";
import { native, type Handle } from "./native.js";
import { OPERATORS } from "./operator-names.generated.js";
import { type ElementArray, readElements } from "./tensor.js";

/** A call of one of libtorch's operators, or of one of our own. */
export interface OperatorCall {
  /** Name with its overload, such as "aten::add.Tensor". */
  readonly operator: string;
  /** Arguments in the schema's order, tensors as handles; those left out at the end are missing. */
  readonly args: readonly unknown[];
  /** Handles among the arguments. */
  readonly tensors: readonly Handle[];
  /** Handles of the tensors that it returned. */
  readonly results: readonly Handle[];
}

/** Elements of a tensor at one moment. */
export interface Snapshot {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: ElementArray;
}

/** Passes each operator call to `record`, after it was made, until it is disposed of. One trace at a time. */
export function traceCalls(record: (call: OperatorCall) => void): Disposable {
  const tensorArguments = new Map<number, readonly number[]>();
  return observeCalls((number, args, result) => {
    const operator = OPERATORS[number]!;
    let places = tensorArguments.get(number);
    if (places === undefined) tensorArguments.set(number, (places = placesOfTensors(operator)));
    const tensors = places.flatMap((place) => handlesIn(args[place]));
    record({ operator, args, tensors, results: handlesIn(result) });
  });
}

function placesOfTensors(operator: string): number[] {
  return native()
    .describeOperator(operator)
    .arguments.flatMap(({ type }, place) => (type.includes("Tensor") ? [place] : []));
}

function handlesIn(value: unknown): Handle[] {
  if (typeof value === "number") return value === 0 ? [] : [value];
  return Array.isArray(value)
    ? value.filter((one): one is Handle => typeof one === "number" && one !== 0)
    : [];
}

/** Shape of the tensor behind a handle. */
export function shapeOf(handle: Handle): readonly number[] {
  return native().shape(handle);
}

/** Elements of the tensor behind a handle, row-major. The tensor's lifetime stays as it is. */
export function snapshot(handle: Handle): Snapshot {
  const dtype = native().dtype(handle) as DType;
  if (dtype === "bfloat16" || dtype === "float16")
    throw new TypeError(`snapshot: expected whole or full-precision elements, found ${dtype}`);
  return { shape: shapeOf(handle), dtype, data: readElements(handle, dtype) };
}
