/** A network as ONNX has it, in memory: nodes that name the values they read and make. */

/** Element types of values, by the names that tensors have here. */
export type ElementType = "float32" | "float16" | "uint8" | "int8" | "int32" | "int64" | "bool";

/** Elements as they lie in a file; float16 as 16 bits each. */
export type Elements = Float32Array | Uint16Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** An attribute of a node: a bigint is an integer, a number a float. */
export type Attribute = number | bigint | string | readonly number[] | readonly bigint[];

/** One operator of the graph. */
export interface GraphNode {
  readonly operator: string;
  readonly name: string;
  /** Names of values; "" leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A value that is known before the network runs, such as weights. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** An input or output of the whole network. A text names an axis whose length is free. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A whole network. Its nodes are in an order in which they can run. */
export interface Graph {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
}

/** Collects a graph node by node. Values are known by their names. */
export class GraphBuilder {
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #names = new Map<string, number>();
  readonly #prefix: string;

  /** @param prefix what the names of nodes and constants begin with. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  input(port: Port): string {
    this.#inputs.push(port);
    return port.name;
  }

  /** Adds a node with one output and returns the output's name. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.nodeWith(operator, inputs, { attributes, outputs: 1 })[0]!;
  }

  /** Adds a node with several outputs and returns their names. */
  nodeWith(
    operator: string,
    inputs: readonly string[],
    {
      attributes = {},
      outputs,
    }: { readonly attributes?: Readonly<Record<string, Attribute>>; readonly outputs: number },
  ): string[] {
    const name = this.#unique(operator.toLowerCase());
    const made = Array.from({ length: outputs }, (_, index) => (index === 0 ? name : `${name}.${index}`));
    this.#nodes.push({ operator, name, inputs, outputs: made, attributes });
    return made;
  }

  /** Adds a value that is known now; `name` is a proposal. */
  constant(
    data: Elements,
    {
      shape,
      type = typeOf(data),
      name = "constant",
    }: { shape: readonly number[]; type?: ElementType; name?: string },
  ): string {
    const own = this.#unique(name);
    this.#initializers.set(own, { name: own, type, shape, data });
    return own;
  }

  /** Adds whole numbers, such as axes: int64 [n]. */
  integers(values: readonly number[], name = "integers"): string {
    return this.constant(BigInt64Array.from(values, BigInt), { shape: [values.length], name });
  }

  /** Adds one number: float32 []. */
  scalar(value: number, name = "scalar"): string {
    return this.constant(Float32Array.of(value), { shape: [], name });
  }

  /** Makes a value an output of the whole network, under the port's name. */
  output(value: string, port: Port): void {
    this.#nodes.push({
      operator: "Identity",
      name: port.name,
      inputs: [value],
      outputs: [port.name],
      attributes: {},
    });
    this.#outputs.push(port);
  }

  /** The graph without what no output needs. */
  build(): Graph {
    const needed = new Set(this.#outputs.map(({ name }) => name));
    const nodes = this.#nodes
      .toReversed()
      .filter(({ inputs, outputs }) => {
        if (!outputs.some((name) => needed.has(name))) return false;
        for (const name of inputs) needed.add(name);
        return true;
      })
      .toReversed();
    const initializers = [...this.#initializers.values()].filter(({ name }) => needed.has(name));
    return { inputs: this.#inputs, outputs: this.#outputs, nodes, initializers };
  }

  /** The graph whose input is this one's `value`: what this one holds, and then `next`. */
  before(next: Graph, value: string): Graph {
    const replaced = new Set(next.inputs.map(({ name }) => name));
    const nodes = next.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => (replaced.has(name) ? value : name)),
    }));
    return {
      inputs: this.#inputs,
      outputs: next.outputs,
      nodes: [...this.#nodes, ...nodes],
      initializers: [...this.#initializers.values(), ...next.initializers],
    };
  }

  /** A name that no other value has. */
  #unique(proposal: string): string {
    const times = this.#names.get(proposal) ?? 0;
    this.#names.set(proposal, times + 1);
    return times === 0 ? this.#prefix + proposal : this.#unique(`${proposal}_${times}`);
  }
}

function typeOf(data: Elements): ElementType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Int8Array) return "int8";
  if (data instanceof Uint16Array) return "float16";
  return "uint8";
}
