/** Operators that compute, element by element or along axes. */
import { transposed } from "../../../onnx/transposed.js";
import { axisOf, isTrue, type Lower, type Lowering, or } from "../lowering.js";

export const ARITHMETIC: Readonly<Record<string, Lower>> = {
  ...binary({ add: "Add", sub: "Sub", mul: "Mul", div: "Div" }),
  ...unary({
    abs: "Abs",
    exp: "Exp",
    log: "Log",
    neg: "Neg",
    relu: "Relu",
    sigmoid: "Sigmoid",
    sqrt: "Sqrt",
    tanh: "Tanh",
    hardswish: "HardSwish",
  }),
  "aten::pow.Tensor_Scalar": (to, [x, exponent]) => to.node("Pow", [to.value(x), to.scalar(exponent)]),
  "aten::maximum": (to, [a, b]) => to.node("Max", [to.value(a), to.value(b)]),
  "aten::minimum": (to, [a, b]) => to.node("Min", [to.value(a), to.value(b)]),
  "aten::rsqrt": (to, [x]) => to.node("Reciprocal", [to.node("Sqrt", [to.value(x)])]),
  "aten::hardsigmoid": (to, [x]) => to.node("HardSigmoid", [to.value(x)], { alpha: 1 / 6, beta: 0.5 }),
  "aten::silu": (to, [x]) => to.node("Mul", [to.value(x), to.node("Sigmoid", [to.value(x)])]),
  "aten::gelu": (to, [x, approximate]) => gelu(to, to.value(x), or(approximate, "none")),
  "aten::clamp": (to, [x, min, max]) => {
    const bound = (given: unknown): string => (given === undefined || given === null ? "" : to.scalar(given));
    const inputs = [to.value(x), bound(min), bound(max)];
    return to.node("Clip", inputs.at(-1) === "" ? inputs.slice(0, -1) : inputs);
  },
  "aten::linalg_vector_norm": (to, [x, order, axes, keepdim]) => {
    if (or<number>(order, 2) !== 2)
      throw new Error(`ONNX: expected a vector norm of order 2, found ${String(order)}`);
    return reduced(to, "ReduceL2", { x, axes, keepdim });
  },
  "aten::mean.dim": (to, [x, axes, keepdim]) => mean(to, { x, axes, keepdim }),
  "aten::sum.dim_IntList": (to, [x, axes, keepdim]) => reduced(to, "ReduceSum", { x, axes, keepdim }),
  "aten::argmax": (to, [x, axis, keepdim]) =>
    to.node("ArgMax", [to.value(x)], {
      axis: BigInt(or(axis, 0)),
      keepdims: isTrue(keepdim) ? 1n : 0n,
    }),
  "aten::softmax.int": (to, [x, axis]) => to.node("Softmax", [to.value(x)], { axis: BigInt(axis as number) }),
  "aten::log_softmax.int": (to, [x, axis]) =>
    to.node("LogSoftmax", [to.value(x)], { axis: BigInt(axis as number) }),
  "aten::matmul": (to, [a, b]) => to.node("MatMul", [to.value(a), to.value(b)]),
  "aten::linear": (to, [x, weight, bias]) => linear(to, { x, weight, bias }),
  "aten::layer_norm": (to, [x, shape, weight, bias, eps]) => {
    const given = [x, weight, bias].filter((one) => one !== undefined && one !== null);
    if (given.length !== 3) throw new Error("ONNX: expected a layer norm with weight and bias");
    const inputs = given.map((one) => to.value(one));
    const axis = BigInt(-(shape as readonly number[]).length);
    return to.node("LayerNormalization", inputs, { axis, epsilon: or(eps, 1e-5) });
  },
  "aten::scaled_dot_product_attention": (to, [q, k, v, mask, , isCausal, scale]) => {
    if ((mask !== undefined && mask !== null) || isTrue(isCausal))
      throw new Error("ONNX: expected attention without a mask");
    const width = to.shape(q).at(-1)!;
    const rank = to.shape(k).length;
    const swapped = [...Array(rank - 2).keys(), rank - 1, rank - 2].map(BigInt);
    const keys = to.node("Transpose", [to.value(k)], { perm: swapped });
    const queries = to.node("Mul", [to.value(q), to.scalar(or(scale, 1 / Math.sqrt(width)))]);
    const weights = to.node("Softmax", [to.node("MatMul", [queries, keys])], { axis: -1n });
    return to.node("MatMul", [weights, to.value(v)]);
  },
};

function unary(operators: Readonly<Record<string, string>>): Record<string, Lower> {
  return Object.fromEntries(
    Object.entries(operators).map(([torch, onnx]): [string, Lower] => [
      `aten::${torch}`,
      (to, [x]) => to.node(onnx, [to.value(x)]),
    ]),
  );
}

/** Each with a tensor or a number on its right; of a sum, alpha times it. */
function binary(operators: Readonly<Record<string, string>>): Record<string, Lower> {
  return Object.fromEntries(
    Object.entries(operators).flatMap(([torch, onnx]): [string, Lower][] => {
      const lower =
        (second: (to: Lowering, b: unknown) => string): Lower =>
        (to, [a, b, alpha]) => {
          const factor = or<number>(alpha, 1);
          const right = factor === 1 ? second(to, b) : to.node("Mul", [second(to, b), to.scalar(factor)]);
          return to.node(onnx, [to.value(a), right]);
        };
      return [
        [`aten::${torch}.Tensor`, lower((to, b) => to.value(b))],
        [`aten::${torch}.Scalar`, lower((to, b) => to.scalar(b))],
      ];
    }),
  );
}

interface Reduction {
  readonly x: unknown;
  readonly axes: unknown;
  readonly keepdim: unknown;
}

function reduced(to: Lowering, operator: string, { x, axes, keepdim }: Reduction): string {
  const inputs = [to.value(x)];
  if (Array.isArray(axes) && axes.length > 0) inputs.push(to.integers(axes as number[]));
  return to.node(operator, inputs, { keepdims: isTrue(keepdim) ? 1n : 0n });
}

function mean(to: Lowering, reduction: Reduction): string {
  const { x, keepdim } = reduction;
  const shape = to.shape(x);
  const axes = (or(reduction.axes, []) as number[]).map((axis) => axisOf(axis, shape.length));
  const isOverImage = shape.length === 4 && axes.length === 2 && axes.includes(2) && axes.includes(3);
  if (isOverImage) {
    const pooled = to.node("GlobalAveragePool", [to.value(x)]);
    return isTrue(keepdim) ? pooled : to.node("Flatten", [pooled], { axis: 1n });
  }
  const isAlone = axes.length > 0 && axes.every((axis) => shape[axis] === 1 && !to.isBatch(x, axis));
  if (isAlone) return isTrue(keepdim) ? to.value(x) : to.node("Squeeze", [to.value(x), to.integers(axes)]);
  return reduced(to, "ReduceMean", reduction);
}

/** y = x Wᵀ + b */
function linear(to: Lowering, { x, weight, bias }: { x: unknown; weight: unknown; bias: unknown }): string {
  const inputs = [to.value(x), to.value(weight)];
  const hasBias = bias !== undefined && bias !== null;
  if (to.shape(x).length === 2)
    return to.node("Gemm", hasBias ? [...inputs, to.value(bias)] : inputs, { transB: 1n });
  const known = to.known(weight);
  if (known === null)
    throw new Error("ONNX: expected a linear layer's weights, found values that depend on the images");
  const { data, shape } = transposed({ shape: known.shape, data: known.data as Float32Array });
  const product = to.node("MatMul", [inputs[0]!, to.floats(data, shape, to.nameOf(weight))]);
  return hasBias ? to.node("Add", [product, to.value(bias)]) : product;
}

/** x · Φ(x), or its approximation by tanh. */
function gelu(to: Lowering, x: string, approximate: string): string {
  const times = (a: string, factor: number): string => to.node("Mul", [a, to.scalar(factor)]);
  const plusOne = (a: string): string => to.node("Add", [a, to.scalar(1)]);
  if (approximate === "none")
    return times(to.node("Mul", [x, plusOne(to.node("Erf", [times(x, Math.SQRT1_2)]))]), 0.5);
  const cubed = times(to.node("Pow", [x, to.scalar(3)]), 0.044715);
  const inner = times(to.node("Add", [x, cubed]), Math.sqrt(2 / Math.PI));
  return times(to.node("Mul", [x, plusOne(to.node("Tanh", [inner]))]), 0.5);
}
