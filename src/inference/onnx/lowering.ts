import type { Attribute, GraphBuilder } from "../../onnx/graph.js";
import { UsageError } from "../../support/errors.js";
import type { Handle } from "../../torch/native.js";
import { type OperatorCall, shapeOf, snapshot, type Snapshot } from "../../torch/trace.js";

/** Writes one operator call as nodes of the graph; returns the names of its results, in their order. */
export type Lower = (to: Lowering, args: readonly unknown[]) => string | readonly string[];

interface LoweringOptions {
  /** Images of the traced batch: what has this length along its first axis has any length in the graph. */
  readonly batch: number;
  /** Value of the graph with the images. */
  readonly images: string;
  /** Names of parameters and buffers. */
  readonly names: ReadonlyMap<Handle, string>;
  readonly operators: Readonly<Partial<Record<string, Lower>>>;
}

/**
 * Turns operator calls into nodes of a graph, one by one. Calls that do not depend on the images are not written: their
 * results become constants where they are used.
 */
export class Lowering {
  readonly batch: number;
  readonly #graph: GraphBuilder;
  readonly #names: ReadonlyMap<Handle, string>;
  readonly #operators: LoweringOptions["operators"];
  readonly #images: string;
  readonly #values = new Map<Handle, string>();
  readonly #constants = new Map<Handle, string>();
  /** What does not depend on the images but for their number, by the tensor that was repeated. */
  readonly #repeated = new Map<Handle, Handle>();

  constructor(graph: GraphBuilder, { batch, images, names, operators }: LoweringOptions) {
    this.#images = images;
    this.#graph = graph;
    this.batch = batch;
    this.#names = names;
    this.#operators = operators;
  }

  /** Says which value of the graph a tensor is. */
  bind(handle: Handle, value: string): void {
    this.#values.set(handle, value);
  }

  /** @throws UsageError for an operator that is not known here. */
  add({ operator, args, tensors, results }: OperatorCall): void {
    if (!tensors.some((handle) => this.#values.has(handle))) {
      if (operator === "aten::expand") this.#repeated.set(results[0]!, tensors[0]!);
      return;
    }
    const lower = this.#operators[operator];
    if (lower === undefined)
      throw new UsageError(
        `ONNX: the network uses the operator ${operator}, which longtail does not write yet. Export its weights with ` +
          "--format safetensors instead.",
      );
    const written = lower(this, args);
    const values = typeof written === "string" ? [written] : written;
    results.forEach((handle, index) => {
      this.bind(handle, values[index]!);
    });
  }

  /** The value of the graph that a tensor is; a constant where it does not depend on the images. */
  value(handle: unknown): string {
    const known = this.#values.get(handle as Handle) ?? this.#constants.get(handle as Handle);
    if (known !== undefined) return known;
    const repeated = this.#repeated.get(handle as Handle);
    if (repeated !== undefined && this.isBatch(handle, 0) && this.shape(repeated)[0] === 1)
      return this.#repeat(repeated, handle as Handle);
    const made = this.constant(snapshot(handle as Handle), this.#names.get(handle as Handle));
    this.#constants.set(handle as Handle, made);
    return made;
  }

  /** A tensor once for each image of the batch. */
  #repeat(source: Handle, result: Handle): string {
    const images = this.node("Shape", [this.#images], { start: 0n, end: 1n });
    const lengths = this.node("Concat", [images, this.integers(this.shape(result).slice(1))], { axis: 0n });
    return this.node("Expand", [this.value(source), lengths]);
  }

  /** Elements of a tensor that does not depend on the images; null for one that does. */
  known(handle: unknown): Snapshot | null {
    return this.#values.has(handle as Handle) ? null : snapshot(handle as Handle);
  }

  /** Name of a parameter or buffer. */
  nameOf(handle: unknown): string | undefined {
    return this.#names.get(handle as Handle);
  }

  shape(handle: unknown): readonly number[] {
    return shapeOf(handle as Handle);
  }

  /** Whether an axis of a tensor is that of the batch's images. */
  isBatch(handle: unknown, axis: number): boolean {
    return axis === 0 && this.shape(handle)[0] === this.batch;
  }

  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.#graph.node(operator, inputs, attributes);
  }

  constant({ data, shape, dtype }: Snapshot, name = "constant"): string {
    switch (dtype) {
      case "float32":
      case "float64":
        return this.floats(data as Float32Array, shape, name);
      case "bool":
        return this.#graph.constant(data as Uint8Array, { shape, type: "bool", name });
      case "int64":
      case "int32":
      case "uint8":
      case "int8":
        return this.#graph.constant(data as Uint8Array, { shape, type: dtype, name });
      default:
        throw new TypeError(`constant: expected elements that ONNX has, found ${dtype}`);
    }
  }

  floats(data: ArrayLike<number>, shape: readonly number[], name = "constant"): string {
    const own = data instanceof Float32Array ? data : Float32Array.from(data);
    return this.#graph.constant(own, { shape, name });
  }

  scalar(value: unknown): string {
    return this.#graph.scalar(Number(value));
  }

  integers(values: readonly number[]): string {
    return this.#graph.integers(values);
  }
}

/** An argument that may be left out or null. */
export function or<T>(value: unknown, fallback: T): T {
  return value === undefined || value === null ? fallback : (value as T);
}

/** Whether a flag is given and set. */
export function isTrue(value: unknown): boolean {
  return value === true;
}

/** An axis counted from the front. */
export function axisOf(axis: unknown, rank: number): number {
  const given = Number(axis);
  return given < 0 ? given + rank : given;
}
