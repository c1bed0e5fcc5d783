/**
 * Static quantization (Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
 * inference", CVPR 2018), as nodes that quantize and dequantize around each operator, which ONNX Runtime joins to integer
 * ones. Activations have 8 bits and one scale a value; convolutions' weights a scale for each output channel.
 */
import { filled } from "../../support/math.js";
import type { Graph, GraphNode, Initializer } from "../graph.js";
import { transposed } from "../transposed.js";
import type { Range } from "./ranges.js";

/**
 * Largest quantized weight of a convolution. On processors without integer dot products, sums of two products of larger
 * ones saturate (ONNX Runtime's kernels for AVX2), and a model would answer otherwise than elsewhere.
 */
const MAX_CONV_WEIGHT = 64;
/** Of weights that are dequantized before they are multiplied. */
const MAX_WEIGHT = 127;
/** Matrices with fewer elements stay in single precision. */
const FEWEST_ELEMENTS = 1024;
const MAX_INT32 = 2 ** 31 - 1;

/** A scale and a zero point: value = scale · (quantized − zero). */
interface Quantization {
  readonly scale: number;
  readonly zero: number;
}

/** Names of the values that quantization needs the ranges of. */
export function quantizedValues(graph: Graph): string[] {
  return [...new Plan(graph).values];
}

/** The graph with int8 weights and uint8 activations. `ranges` has one for each of `quantizedValues`. */
export function quantized(graph: Graph, ranges: ReadonlyMap<string, Range>): Graph {
  return new Quantizer(graph, ranges).graph();
}

/** Which values are quantized, and which activation functions become a part of that. */
class Plan {
  readonly values = new Set<string>();
  /** Activation functions that a quantization does by its range, by the value that goes into them. */
  readonly absorbed = new Map<string, GraphNode>();
  readonly #producers = new Map<string, GraphNode>();
  readonly #initializers: ReadonlySet<string>;

  constructor(graph: Graph) {
    this.#initializers = new Set(graph.initializers.map(({ name }) => name));
    const consumers = new Map<string, number>();
    for (const node of graph.nodes) {
      for (const output of node.outputs) this.#producers.set(output, node);
      for (const input of node.inputs) consumers.set(input, (consumers.get(input) ?? 0) + 1);
    }
    for (const node of graph.nodes) {
      const [input] = node.inputs as [string];
      const producer = this.#producers.get(input);
      const isOnly =
        producer !== undefined && this.#isIntegerOperator(producer) && consumers.get(input) === 1;
      if (isOnly && isRelu(node)) this.absorbed.set(input, node);
    }
    for (const node of graph.nodes) this.#addValuesOf(node);
  }

  #isIntegerOperator({ operator, inputs }: GraphNode): boolean {
    return (
      operator === "Conv" || (operator === "Add" && inputs.every((input) => !this.#initializers.has(input)))
    );
  }

  #addValuesOf(node: GraphNode): void {
    if (this.#isIntegerOperator(node)) {
      const [output] = node.outputs as [string];
      const inputs = node.operator === "Conv" ? node.inputs.slice(0, 1) : node.inputs;
      for (const input of inputs) this.values.add(input);
      this.values.add(this.absorbed.get(output)?.outputs[0] ?? output);
    } else if (node.operator === "MaxPool" || node.operator === "GlobalAveragePool") {
      this.values.add(node.inputs[0]!);
    }
  }
}

function isRelu({ operator }: GraphNode): boolean {
  return operator === "Relu" || operator === "Clip";
}

class Quantizer {
  readonly #source: Graph;
  readonly #plan: Plan;
  readonly #ranges: ReadonlyMap<string, Range>;
  readonly #weights: ReadonlyMap<string, Initializer>;
  /** Inputs of max pools, by their outputs. */
  readonly #pooled: ReadonlyMap<string, string>;
  readonly #nodes: GraphNode[] = [];
  readonly #initializers = new Map<string, Initializer>();

  constructor(graph: Graph, ranges: ReadonlyMap<string, Range>) {
    this.#source = graph;
    this.#plan = new Plan(graph);
    this.#ranges = ranges;
    const pools = graph.nodes.filter(({ operator }) => operator === "MaxPool");
    this.#pooled = new Map(pools.map(({ inputs, outputs }) => [outputs[0]!, inputs[0]!]));
    this.#weights = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
  }

  graph(): Graph {
    const { inputs, outputs, nodes } = this.#source;
    const renamed = new Map<string, string>();
    for (const { name } of inputs) {
      if (!this.#plan.values.has(name)) continue;
      renamed.set(name, `${name}/dequantized`);
      this.#quantize(name, { from: name, to: `${name}/dequantized` });
    }
    const absorbed = new Set(this.#plan.absorbed.values());
    for (const node of nodes)
      if (!absorbed.has(node))
        this.#add({ ...node, inputs: node.inputs.map((name) => renamed.get(name) ?? name) });
    const used = new Set(this.#nodes.flatMap((node) => node.inputs));
    for (const [name, initializer] of this.#weights)
      if (used.has(name)) this.#initializers.set(name, initializer);
    return { inputs, outputs, nodes: this.#nodes, initializers: [...this.#initializers.values()] };
  }

  #add(node: GraphNode): void {
    const [first] = node.outputs as [string];
    const output = this.#plan.absorbed.get(first)?.outputs[0] ?? first;
    const isQuantized = this.#plan.values.has(output);
    const raw = isQuantized ? `${output}/raw` : output;
    const inputs = node.operator === "Conv" ? this.#convolutionInputs(node) : this.#matrixInputs(node);
    this.#nodes.push({ ...node, inputs, outputs: [raw, ...node.outputs.slice(1)] });
    if (isQuantized) this.#quantize(output, { from: raw, to: output });
  }

  /** Quantizes and dequantizes a value. */
  #quantize(value: string, { from, to }: { from: string; to: string }): void {
    const { scale, zero } = quantizationOf(this.#rangeOf(value));
    const parameters = [
      this.#constant(`${value}/scale`, Float32Array.of(scale), []),
      this.#constant(`${value}/zero`, Uint8Array.of(zero), []),
    ];
    this.#node("QuantizeLinear", [from, ...parameters], `${value}/quantized`);
    this.#node("DequantizeLinear", [`${value}/quantized`, ...parameters], to);
  }

  /** A pool's output has its input's scale, so that integers pass as they are. */
  #rangeOf(value: string): Range {
    const own = value.replace(/[/]dequantized$/, "");
    const name = this.#pooled.get(own) ?? own;
    const range = this.#ranges.get(name);
    if (range === undefined) throw new Error(`quantized: expected the range of ${name}, found none`);
    return range;
  }

  /** Weights with a scale for each output channel; the bias has the scale of its products. */
  #convolutionInputs({ inputs }: GraphNode): string[] {
    const [input, kernelName, biasName] = inputs as [string, string, string | undefined];
    const kernel = this.#weights.get(kernelName)!;
    const bias = biasName === undefined ? null : (this.#weights.get(biasName)!.data as Float32Array);
    const { scale: inputScale } = quantizationOf(this.#rangeOf(input));
    const least = (channel: number): number =>
      bias === null ? 0 : Math.abs(bias[channel]!) / inputScale / MAX_INT32;
    const { data, scales } = quantizedRows(kernel, { most: MAX_CONV_WEIGHT, least });
    const made = [input, this.#dequantized(kernelName, { ...kernel, data }, { scales, axis: 0 })];
    if (bias !== null) {
      const biasScales = scales.map((scale) => scale * inputScale);
      const whole = Int32Array.from(bias, (value, channel) => Math.round(value / biasScales[channel]!));
      const initializer = { name: biasName!, type: "int32", shape: [bias.length], data: whole } as const;
      made.push(this.#dequantized(biasName!, initializer, { scales: biasScales, axis: 0 }));
    }
    return made;
  }

  /** A matrix of weights is stored in 8 bits, with a scale for each output. */
  #matrixInputs({ operator, inputs, attributes }: GraphNode): readonly string[] {
    const weight = this.#weights.get(inputs[1] ?? "");
    const isRows = operator === "Gemm" && attributes["transB"] === 1n;
    if ((!isRows && operator !== "MatMul") || weight === undefined || weight.data.length < FEWEST_ELEMENTS)
      return inputs;
    const turned = isRows ? weight : transposed(weight);
    const { data, scales } = quantizedRows(turned, { most: MAX_WEIGHT, least: () => 0 });
    const stored = isRows ? { ...weight, data } : transposed({ ...turned, data });
    const name = this.#dequantized(weight.name, stored, { scales, axis: isRows ? 0 : 1 });
    return [inputs[0]!, name, ...inputs.slice(2)];
  }

  #dequantized(
    name: string,
    { data, shape }: Pick<Initializer, "data" | "shape">,
    { scales, axis }: { scales: Float32Array; axis: number },
  ): string {
    const output = `${name}/dequantized`;
    const inputs = [
      this.#constant(`${name}/quantized`, data, shape),
      this.#constant(`${name}/scale`, scales, [scales.length]),
    ];
    this.#node("DequantizeLinear", inputs, output, { axis: BigInt(axis) });
    return output;
  }

  #constant(name: string, data: Initializer["data"], shape: readonly number[]): string {
    const type =
      data instanceof Float32Array
        ? "float32"
        : data instanceof Int32Array
          ? "int32"
          : data instanceof Int8Array
            ? "int8"
            : "uint8";
    this.#initializers.set(name, { name, type, shape, data });
    return name;
  }

  #node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: GraphNode["attributes"] = {},
  ): void {
    this.#nodes.push({ operator, name: `${output}/${operator}`, inputs, outputs: [output], attributes });
  }
}

/** The quantization to 0..255 of a range, in which 0 is exact. */
function quantizationOf(range: Range): Quantization {
  const [min, max] = [Math.min(0, range.min), Math.max(0, range.max)];
  const scale = Math.fround((max - min) / 255) || 1;
  return { scale, zero: Math.min(255, Math.max(0, Math.round(-min / scale))) };
}

/** Each row along the first axis in whole numbers up to `most`, with a scale of its own that is no smaller than `least`. */
function quantizedRows(
  { data, shape }: Pick<Initializer, "data" | "shape">,
  { most, least }: { most: number; least: (row: number) => number },
): { data: Int8Array; scales: Float32Array } {
  const values = data as Float32Array;
  const [rows] = shape as [number];
  const length = values.length / rows;
  const scales = Float32Array.from({ length: rows }, (_, row) => {
    const largest = values
      .subarray(row * length, (row + 1) * length)
      .reduce((found, value) => Math.max(found, Math.abs(value)), 0);
    return Math.max(largest / most, least(row)) || 1;
  });
  const whole = filled(new Int8Array(values.length), (i) =>
    Math.min(most, Math.max(-most, Math.round(values[i]! / scales[Math.floor(i / length)]!))),
  );
  return { data: whole, scales };
}
