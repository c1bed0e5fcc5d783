/** Operators that move elements and compute nothing. */
import { dataType } from "../../../onnx/model-file.js";
import type { ElementType } from "../../../onnx/graph.js";
import { axisOf, isTrue, type Lower, type Lowering, or } from "../lowering.js";

const same: Lower = (to, [x]) => to.value(x);

export const SHAPES: Readonly<Record<string, Lower>> = {
  "aten::contiguous": same,
  "aten::clone": same,
  "aten::detach": same,
  "aten::dropout": (to, [x, , isTraining]) => {
    if (isTraining === true) throw new Error("ONNX: expected a network in evaluation mode, found dropout");
    return to.value(x);
  },
  "aten::to.dtype_layout": (to, [x, dtype]) => {
    if (dtype === undefined || dtype === null) return to.value(x);
    const type = dtype === "float64" ? "float32" : (dtype as ElementType);
    return to.node("Cast", [to.value(x)], { to: dataType(type) });
  },
  "aten::slice.Tensor": (to, [x, axis, start, end, step]) =>
    slice(to, x, {
      axis: or(axis, 0),
      start: or(start, 0),
      end: or(end, Number.MAX_SAFE_INTEGER),
      step: or(step, 1),
    }),
  "aten::narrow": (to, [x, axis, start, length]) => {
    const from = Number(start);
    return slice(to, x, { axis: Number(axis), start: from, end: from + Number(length), step: 1 });
  },
  "aten::select.int": (to, [x, axis, index]) =>
    to.node("Gather", [to.value(x), whole(to, Number(index))], { axis: BigInt(axis as number) }),
  "aten::index_select": (to, [x, axis, indices]) =>
    to.node("Gather", [to.value(x), to.value(indices)], { axis: BigInt(axis as number) }),
  "aten::unsqueeze": (to, [x, axis]) => to.node("Unsqueeze", [to.value(x), to.integers([Number(axis)])]),
  "aten::squeeze.dim": (to, [x, axis]) => {
    const shape = to.shape(x);
    const at = axisOf(axis, shape.length);
    return shape[at] === 1 ? to.node("Squeeze", [to.value(x), to.integers([at])]) : to.value(x);
  },
  "aten::cat": (to, [parts, axis]) =>
    to.node(
      "Concat",
      (parts as unknown[]).map((part) => to.value(part)),
      { axis: BigInt(or(axis, 0)) },
    ),
  "aten::stack": (to, [parts, axis]) => {
    const at = to.integers([or(axis, 0)]);
    const lifted = (parts as unknown[]).map((part) => to.node("Unsqueeze", [to.value(part), at]));
    return lifted.length === 1 ? lifted[0]! : to.node("Concat", lifted, { axis: BigInt(or(axis, 0)) });
  },
  "aten::constant_pad_nd": (to, [x, pads, value]) => {
    const rank = to.shape(x).length;
    const [begin, end] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
    const given = pads as readonly number[]; // of the last axis first
    for (let i = 0; i * 2 < given.length; i += 1) {
      begin[rank - 1 - i] = given[2 * i]!;
      end[rank - 1 - i] = given[2 * i + 1]!;
    }
    return to.node("Pad", [to.value(x), to.integers([...begin, ...end]), to.scalar(or(value, 0))]);
  },
  "aten::max_pool2d": (to, [x, kernel, stride, padding, , ceil]) =>
    to.node("MaxPool", [to.value(x)], window(kernel, or(stride, kernel), padding, ceil)),
  "aten::avg_pool2d": (to, [x, kernel, stride, padding, ceil]) =>
    to.node("AveragePool", [to.value(x)], {
      ...window(kernel, or(stride, kernel), padding, ceil),
      count_include_pad: 1n,
    }),
  "aten::adaptive_avg_pool2d": (to, [x, size]) => {
    if ((size as readonly number[]).some((side) => side !== 1))
      throw new Error(`ONNX: expected an adaptive pool to one value, found one to ${String(size)}`);
    return to.node("GlobalAveragePool", [to.value(x)]);
  },
  "aten::permute": (to, [x, axes]) => {
    const rank = to.shape(x).length;
    const perm = (axes as readonly number[]).map((axis) => BigInt(axisOf(axis, rank)));
    return to.node("Transpose", [to.value(x)], { perm });
  },
  "aten::transpose.int": (to, [x, first, second]) => {
    const rank = to.shape(x).length;
    const axes = [...Array(rank).keys()];
    const [a, b] = [axisOf(first, rank), axisOf(second, rank)];
    [axes[a], axes[b]] = [axes[b]!, axes[a]!];
    return to.node("Transpose", [to.value(x)], { perm: axes.map(BigInt) });
  },
  "aten::t": (to, [x]) => to.node("Transpose", [to.value(x)], { perm: [1n, 0n] }),
  "aten::reshape": (to, [x, shape]) => reshape(to, x, shape as readonly number[]),
  "aten::view": (to, [x, shape]) => reshape(to, x, shape as readonly number[]),
  "aten::flatten.using_ints": (to, [x, first, last]) => {
    const shape = to.shape(x);
    const [from, until] = [axisOf(or(first, 0), shape.length), axisOf(or(last, -1), shape.length)];
    const joined = shape.slice(from, until + 1).reduce((product, length) => product * length, 1);
    return reshape(to, x, [...shape.slice(0, from), joined, ...shape.slice(until + 1)]);
  },
  "aten::expand": (to, [x, shape]) => {
    const lengths = (shape as readonly number[]).map((length) => (length === -1 ? 1 : length));
    return to.node("Expand", [to.value(x), to.integers(lengths)]);
  },
};

/** int64 [] */
function whole(to: Lowering, value: number): string {
  return to.constant({ data: BigInt64Array.of(BigInt(value)), shape: [], dtype: "int64" });
}

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function slice(to: Lowering, x: unknown, { axis, start, end, step }: Cut): string {
  const last = Math.min(end, Number.MAX_SAFE_INTEGER);
  return to.node("Slice", [to.value(x), ...[start, last, axis, step].map((value) => to.integers([value]))]);
}

function window(
  kernel: unknown,
  stride: unknown,
  padding: unknown,
  ceil: unknown,
): Record<string, bigint | readonly bigint[]> {
  const pads = or(padding, [0, 0]) as readonly number[];
  return {
    kernel_shape: (kernel as readonly number[]).map(BigInt),
    strides: (stride as readonly number[]).map(BigInt),
    pads: [...pads, ...pads].map(BigInt),
    ceil_mode: isTrue(ceil) ? 1n : 0n,
  };
}

/** A shape that begins with the batch's length keeps it open; where that is multiplied with another, the length is inferred. */
function reshape(to: Lowering, x: unknown, shape: readonly number[]): string {
  const [first, ...rest] = shape;
  if (!to.isBatch(x, 0)) return to.node("Reshape", [to.value(x), to.integers(shape)]);
  if (first === to.batch) return to.node("Reshape", [to.value(x), to.integers([0, ...rest])]);
  if (rest.includes(-1))
    throw new Error(`ONNX: expected a reshape that keeps images apart, found [${shape.join(", ")}]`);
  return to.node("Reshape", [to.value(x), to.integers([-1, ...rest])]);
}
