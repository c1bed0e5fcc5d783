/** Convolutions and what is folded into them. */
import { filled } from "../../../support/math.js";
import type { Snapshot } from "../../../torch/trace.js";
import type { Handle } from "../../../torch/native.js";
import { type Lower, type Lowering, or } from "../lowering.js";

interface Geometry {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation?: readonly number[];
  readonly groups: number;
}

interface Convolution extends Geometry {
  /** Value of the graph. */
  readonly input: string;
  readonly kernel: Snapshot;
  /** [Cout] */
  readonly bias: ArrayLike<number> | null;
  readonly name: string;
}

/** Tensors of a batch norm with its running statistics, each [C]. */
interface Norm {
  readonly weight: unknown;
  readonly bias: unknown;
  readonly mean: unknown;
  readonly variance: unknown;
  readonly eps: number;
}

const SAME_3X3 = { stride: [1, 1], padding: [1, 1], groups: 1 } as const;

export const CONVOLUTIONS: Readonly<Record<string, Lower>> = {
  "longtail::conv3x3": (to, [input, kernel]) => convolve(to, plain(to, input, kernel, SAME_3X3)),
  "aten::conv2d": (to, [input, kernel, bias, stride, padding, dilation, groups]) => {
    const geometry = {
      stride: or(stride, [1, 1]),
      padding: or(padding, [0, 0]),
      dilation: or(dilation, [1, 1]),
      groups: or(groups, 1),
    };
    const own = bias === undefined || bias === null ? null : constantOf(to, bias).data;
    return convolve(to, { ...plain(to, input, kernel, geometry), bias: own as ArrayLike<number> | null });
  },
  "longtail::conv_norm": (to, args) => {
    const [input, kernel, stride, padding, groups, weight, bias, mean, variance] = args;
    const [training, , eps, shortcut, activation] = args.slice(9);
    assertEvaluation(training);
    const geometry = { stride, padding, groups } as Geometry;
    const norm = { weight, bias, mean, variance, eps: eps as number };
    const made = convolve(to, folded(to, plain(to, input, kernel, geometry), norm));
    const sum =
      shortcut === null || shortcut === undefined ? made : to.node("Add", [made, to.value(shortcut)]);
    return activated(to, sum, activation as string);
  },
  "longtail::residual_chain": (to, [input, parameters, running, training, , eps]) => {
    assertEvaluation(training);
    const [weights, statistics] = [parameters as Handle[], running as Handle[]];
    let value = to.value(input);
    for (let block = 0; block * 6 < weights.length; block += 1) {
      const layer = (from: string, index: number): string => {
        const [kernel, weight, bias] = weights.slice(3 * index, 3 * index + 3);
        const [mean, variance] = statistics.slice(2 * index, 2 * index + 2);
        const norm = { weight, bias, mean, variance, eps: eps as number };
        const convolution = { ...SAME_3X3, input: from, ...kernelOf(to, kernel), bias: null };
        return convolve(to, folded(to, convolution, norm));
      };
      const inner = to.node("Relu", [layer(value, 2 * block)]);
      value = to.node("Relu", [to.node("Add", [layer(inner, 2 * block + 1), value])]);
    }
    return value;
  },
  "longtail::inverted_residual": (to, args) => {
    const [input, parameters, running, expandStride, expandPadding, stride, padding] = args;
    const [training, , eps, addsInput, activation] = args.slice(7);
    assertEvaluation(training);
    const [weights, statistics] = [parameters as Handle[], running as Handle[]];
    const count = weights.length / 3;
    const whole = to.value(input);
    let value = whole;
    for (let index = 0; index < count; index += 1) {
      const [kernel, weight, bias] = weights.slice(3 * index, 3 * index + 3);
      const [mean, variance] = statistics.slice(2 * index, 2 * index + 2);
      const own = kernelOf(to, kernel);
      const geometry = [
        { stride: [1, 1], padding: [0, 0], groups: 1 },
        { stride, padding, groups: own.kernel.shape[0] },
        { stride: expandStride, padding: expandPadding, groups: 1 },
      ][count - 1 - index] as Geometry;
      const norm = { weight, bias, mean, variance, eps: eps as number };
      const made = convolve(to, folded(to, { ...geometry, input: value, ...own, bias: null }, norm));
      value = index === count - 1 ? made : activated(to, made, activation as string);
    }
    return addsInput === true ? to.node("Add", [value, whole]) : value;
  },
  "aten::batch_norm": (to, [input, weight, bias, mean, variance, training, , eps]) => {
    assertEvaluation(training);
    const inputs = [input, weight, bias, mean, variance].map((one) => to.value(one));
    return to.node("BatchNormalization", inputs, { epsilon: eps as number });
  },
};

function assertEvaluation(training: unknown): void {
  if (training === true)
    throw new Error("ONNX: expected a network in evaluation mode, found batch norm that trains");
}

function plain(to: Lowering, input: unknown, kernel: unknown, geometry: Geometry): Convolution {
  return { ...geometry, input: to.value(input), ...kernelOf(to, kernel), bias: null };
}

function kernelOf(to: Lowering, kernel: unknown): Pick<Convolution, "kernel" | "name"> {
  return { kernel: constantOf(to, kernel), name: to.nameOf(kernel) ?? "kernel" };
}

function constantOf(to: Lowering, handle: unknown): Snapshot {
  const known = to.known(handle);
  if (known === null) throw new Error("ONNX: expected weights, found values that depend on the images");
  return known;
}

/** γ(Wx − μ)/√(σ² + ε) + β = (γ/√(σ² + ε) W)x + β − γμ/√(σ² + ε), in double precision. */
function folded(to: Lowering, convolution: Convolution, { eps, ...tensors }: Norm): Convolution {
  const { kernel } = convolution;
  const of = (handle: unknown): ArrayLike<number> => constantOf(to, handle).data as ArrayLike<number>;
  const [weight, bias, mean, variance] = [tensors.weight, tensors.bias, tensors.mean, tensors.variance].map(
    of,
  ) as [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
  const factors = Float64Array.from(variance, (one, channel) => weight[channel]! / Math.sqrt(one + eps));
  const each = kernel.data.length / factors.length;
  const values = kernel.data as ArrayLike<number>;
  const data = filled(new Float32Array(values.length), (i) => values[i]! * factors[Math.floor(i / each)]!);
  const shifts = Float32Array.from(factors, (factor, channel) => bias[channel]! - factor * mean[channel]!);
  return { ...convolution, kernel: { ...kernel, data }, bias: shifts };
}

function convolve(to: Lowering, convolution: Convolution): string {
  const { kernel, pads } = trimmed(convolution);
  const { input, bias, name, stride, groups, dilation = [1, 1] } = convolution;
  const inputs = [input, to.floats(kernel.data as ArrayLike<number>, kernel.shape, name)];
  if (bias !== null) inputs.push(to.floats(bias, [bias.length], name.replace(/(weight)?$/, "bias")));
  return to.node("Conv", inputs, {
    kernel_shape: kernel.shape.slice(2).map(BigInt),
    strides: stride.map(BigInt),
    pads: pads.map(BigInt),
    dilations: dilation.map(BigInt),
    group: BigInt(groups),
  });
}

/**
 * The kernel without rows and columns of zeros before its first, which stand for one zero less around the input there
 * (Conv2d's "same"), and the zeros around the input: top, left, bottom, right.
 */
function trimmed({ kernel, padding }: Convolution): { kernel: Snapshot; pads: readonly number[] } {
  const [outputs, inputs, height, width] = kernel.shape as [number, number, number, number];
  const [down, across] = padding as [number, number];
  const data = kernel.data as ArrayLike<number>;
  const planes = outputs * inputs;
  const isZero = (row: number | null, column: number | null): boolean => {
    for (let plane = 0; plane < planes; plane += 1)
      for (let y = row ?? 0; y < (row === null ? height : row + 1); y += 1)
        for (let x = column ?? 0; x < (column === null ? width : column + 1); x += 1)
          if (data[(plane * height + y) * width + x] !== 0) return false;
    return true;
  };
  const top = down > 0 && height > 1 && height % 2 === 0 && isZero(0, null) ? 1 : 0;
  const left = across > 0 && width > 1 && width % 2 === 0 && isZero(null, 0) ? 1 : 0;
  const pads = [down - top, across - left, down, across];
  if (top + left === 0) return { kernel, pads };
  const [rows, columns] = [height - top, width - left];
  const kept = new Float32Array(planes * rows * columns);
  for (let plane = 0; plane < planes; plane += 1)
    for (let y = 0; y < rows; y += 1)
      for (let x = 0; x < columns; x += 1)
        kept[(plane * rows + y) * columns + x] = data[(plane * height + y + top) * width + x + left]!;
  return { kernel: { ...kernel, data: kept, shape: [outputs, inputs, rows, columns] }, pads };
}

function activated(to: Lowering, value: string, activation: string): string {
  switch (activation) {
    case "none":
      return value;
    case "relu":
      return to.node("Relu", [value]);
    case "relu6":
      return to.node("Clip", [value, to.scalar(0), to.scalar(6)]);
    default:
      throw new Error(`ONNX: expected no activation, relu or relu6, found ${activation}`);
  }
}
