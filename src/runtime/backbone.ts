/** Finds in a model's graph the backbone that our own kernels compute: that of an EfficientNet-Lite. */
import type { Graph, GraphNode } from "../onnx/graph.js";

/** A convolution with a square kernel, as vision.node takes it. */
export interface Convolution {
  /** [outputs, inputs, kernel, kernel]; a depthwise one has one input for each output, and [outputs, 1, kernel, kernel]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  /** Rows and columns of zeros before the image. */
  readonly top: number;
  readonly left: number;
  /** Of the output. */
  readonly height: number;
  readonly width: number;
  /** What the outputs are limited to. */
  readonly minimum: number;
  readonly maximum: number;
}

/** An inverted residual block: output = project(depthwise(widen(input))), and the input once more where `addsInput`. */
export interface Block {
  /** 1x1, or the network's first convolution. */
  readonly widen: Convolution | null;
  readonly depthwise: Convolution;
  readonly project: Convolution;
  readonly addsInput: boolean;
}

/** Images [N, channels, height, width], blocks, and a 1x1 convolution whose outputs' means are the features. */
export interface Backbone {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly blocks: readonly Block[];
  readonly head: Convolution;
}

/** A graph in two parts. */
export interface Divided {
  readonly backbone: Backbone;
  /** The name of the graph's input. */
  readonly input: string;
  /** The rest: its input are the features, float32 [N, F, 1, 1], under the port's name. */
  readonly heads: Graph;
}

/** Channels of images whose convolution is computed by what lies under its kernel. */
const FEW_CHANNELS = 4;

/** Divides a graph behind its backbone; null where it begins with another one. */
export function divided(graph: Graph): Divided | null {
  try {
    return new Reading(graph).divided();
  } catch (error) {
    if (error instanceof AnotherBackbone) return null;
    throw error;
  }
}

class AnotherBackbone extends Error {}

function expectThat(holds: boolean): asserts holds {
  if (!holds) throw new AnotherBackbone("no EfficientNet-Lite");
}

/** A value on the way through the graph. */
interface Value {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A convolution, its activation included. */
interface Convolved {
  readonly convolution: Convolution;
  readonly isDepthwise: boolean;
  readonly value: Value;
}

/** Reads what the graph gives. */
const OUTPUT: GraphNode = { operator: "", name: "", inputs: [], outputs: [], attributes: {} };

/** Finds the backbone node by node, from the graph's input on. */
class Reading {
  readonly #graph: Graph;
  readonly #initializers: ReadonlyMap<string, Graph["initializers"][number]>;
  readonly #readers = new Map<string, GraphNode[]>();
  /** Nodes of the backbone. */
  readonly #read = new Set<GraphNode>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#initializers = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
    for (const node of graph.nodes)
      for (const input of new Set(node.inputs)) this.#readersOf(input).push(node);
    for (const { name } of graph.outputs) this.#readersOf(name).push(OUTPUT);
  }

  divided(): Divided {
    const [port, ...others] = this.#graph.inputs;
    expectThat(port?.type === "float32" && port.shape.length === 4 && others.length === 0);
    const [batch, channels, height, width] = port.shape;
    expectThat(typeof channels === "number" && typeof height === "number" && typeof width === "number");
    let value: Value = { name: port.name, channels, height, width };
    const blocks: Block[] = [];
    while (!this.#isHead(value)) {
      const { block, output } = this.#block(value, blocks.length === 0);
      blocks.push(block);
      value = output;
    }
    const { convolution: head, isDepthwise, value: last } = this.#convolution(value);
    expectThat(
      !isDepthwise && isPointwise(head) && blocks.length > 0 && this.#readersOf(value.name).length === 1,
    );
    const [pool, ...beside] = this.#readersOf(last.name);
    expectThat(pool?.operator === "GlobalAveragePool" && beside.length === 0);
    this.#read.add(pool);
    const features = {
      name: pool.outputs[0]!,
      type: "float32",
      shape: [batch!, head.outputs, 1, 1],
    } as const;
    return {
      backbone: { channels, height, width, blocks, head },
      input: port.name,
      heads: this.#rest(features),
    };
  }

  #rest(features: Graph["inputs"][number]): Graph {
    const { nodes, outputs, initializers } = this.#graph;
    const left = nodes.filter((node) => !this.#read.has(node));
    const used = new Set(left.flatMap(({ inputs }) => inputs));
    return {
      inputs: [features],
      outputs,
      nodes: left,
      initializers: initializers.filter(({ name }) => used.has(name)),
    };
  }

  #readersOf(name: string): GraphNode[] {
    const readers = this.#readers.get(name) ?? [];
    this.#readers.set(name, readers);
    return readers;
  }

  /** Whether the convolution of this value is the last one. */
  #isHead({ name }: Value): boolean {
    const after = (node: GraphNode | undefined): GraphNode | undefined =>
      this.#readersOf(node?.outputs[0] ?? "")[0];
    const next = after(this.#readersOf(name)[0]);
    return (next?.operator === "Clip" ? after(next) : next)?.operator === "GlobalAveragePool";
  }

  #block(input: Value, isFirst: boolean): { readonly block: Block; readonly output: Value } {
    const first = this.#convolution(input);
    const second = first.isDepthwise ? first : this.#convolution(first.value);
    const third = this.#convolution(second.value);
    const widen = first.isDepthwise ? null : first.convolution;
    const isNetworksFirst = isFirst && input.channels <= FEW_CHANNELS && first.convolution.kernel > 1;
    expectThat(widen === null || isPointwise(widen) || isNetworksFirst);
    for (const { value } of [first, second]) expectThat(this.#readersOf(value.name).length === 1);
    const { kernel, stride } = second.convolution;
    expectThat(second.isDepthwise && (kernel === 3 || kernel === 5) && stride <= 2);
    const { minimum, maximum } = third.convolution;
    expectThat(!third.isDepthwise && isPointwise(third.convolution));
    expectThat(minimum === -Infinity && maximum === Infinity);
    const sum = this.#sum(third.value, input);
    expectThat(this.#readersOf(input.name).length === (sum === null ? 1 : 2));
    return {
      block: {
        widen,
        depthwise: second.convolution,
        project: third.convolution,
        addsInput: sum !== null,
      },
      output: sum ?? third.value,
    };
  }

  /** What adds both values up; null where nothing does. */
  #sum(value: Value, input: Value): Value | null {
    const [node, ...others] = this.#readersOf(value.name);
    if (node?.operator !== "Add" || !node.inputs.includes(input.name)) return null;
    expectThat(others.length === 0 && node.inputs.length === 2 && areAlike(value, input));
    this.#read.add(node);
    return { ...value, name: node.outputs[0]! };
  }

  #convolution(input: Value): Convolved {
    const node = this.#readersOf(input.name).find(({ operator }) => operator === "Conv");
    expectThat(node?.inputs[0] === input.name && node.inputs.length === 3);
    expectThat(!this.#read.has(node));
    this.#read.add(node);
    const [, weightName, biasName] = node.inputs;
    const [weights, bias] = [this.#floats(weightName!), this.#floats(biasName!)];
    const [outputs, , kernel] = weights.shape as [number, number, number, number];
    const { stride, padding, group } = settingsOf(node, kernel);
    const isDepthwise = group === outputs && group === input.channels && weights.shape[1] === 1;
    expectThat(isDepthwise || (group === 1 && weights.shape[1] === input.channels));
    expectThat(weights.shape.length === 4 && weights.shape[3] === kernel && bias.data.length === outputs);
    const [top, left, bottom, right] = padding;
    const height = Math.floor((input.height + top + bottom - kernel) / stride) + 1;
    const width = Math.floor((input.width + left + right - kernel) / stride) + 1;
    expectThat(height > 0 && width > 0);
    const { limits, name } = this.#limits(node.outputs[0]!);
    return {
      convolution: {
        ...{ weights: weights.data, bias: bias.data, inputs: input.channels, outputs },
        ...{ kernel, stride, top, left, height, width, ...limits },
      },
      isDepthwise,
      value: { name, channels: outputs, height, width },
    };
  }

  /** What a value is limited to before it is used, and the limited value's name. */
  #limits(name: string): {
    readonly limits: Pick<Convolution, "minimum" | "maximum">;
    readonly name: string;
  } {
    const [node, ...others] = this.#readersOf(name);
    if (node?.operator !== "Clip") return { limits: { minimum: -Infinity, maximum: Infinity }, name };
    expectThat(others.length === 0 && node.inputs.length === 3);
    this.#read.add(node);
    const [minimum, maximum] = node.inputs.slice(1).map((limit) => this.#floats(limit).data[0]);
    expectThat(minimum !== undefined && maximum !== undefined);
    return { limits: { minimum, maximum }, name: node.outputs[0]! };
  }

  #floats(name: string): { readonly shape: readonly number[]; readonly data: Float32Array } {
    const found = this.#initializers.get(name);
    expectThat(found?.type === "float32");
    const { shape, data } = found;
    expectThat(data instanceof Float32Array && data.length === shape.reduce((size, axis) => size * axis, 1));
    return { shape, data };
  }
}

function settingsOf(
  { attributes }: GraphNode,
  kernel: number,
): {
  readonly stride: number;
  readonly padding: readonly [number, number, number, number];
  readonly group: number;
} {
  const list = (key: string, length: number): readonly number[] => {
    const value = attributes[key];
    expectThat(Array.isArray(value) && value.length === length);
    return value.map(Number);
  };
  const [stride, strideAcross] = list("strides", 2);
  expectThat(list("kernel_shape", 2).every((side) => side === kernel) && stride === strideAcross);
  expectThat(Number.isInteger(stride) && stride! > 0);
  expectThat(list("dilations", 2).every((step) => step === 1) && attributes["auto_pad"] === undefined);
  const padding = list("pads", 4) as [number, number, number, number];
  expectThat(padding.every((zeros) => zeros >= 0 && zeros < kernel));
  return { stride: stride!, padding, group: Number(attributes["group"]) };
}

const isPointwise = ({ kernel, stride }: Convolution): boolean => kernel === 1 && stride === 1;

const areAlike = (a: Value, b: Value): boolean =>
  a.channels === b.channels && a.height === b.height && a.width === b.width;
