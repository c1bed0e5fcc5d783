/** Ranges of the values inside a network, which quantization needs. */
import type { Graph, GraphNode } from "../graph.js";

/** Smallest and largest of a value's elements. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

const PREFIX = { min: "range/min/", max: "range/max/" } as const;

/** The graph with the ranges of values as its only outputs. */
export function withRanges(graph: Graph, values: readonly string[]): Graph {
  const nodes = values.flatMap((value): GraphNode[] =>
    (["min", "max"] as const).map((which) => ({
      operator: which === "min" ? "ReduceMin" : "ReduceMax",
      name: PREFIX[which] + value,
      inputs: [value],
      outputs: [PREFIX[which] + value],
      attributes: { keepdims: 0n },
    })),
  );
  return {
    ...graph,
    nodes: [...graph.nodes, ...nodes],
    outputs: nodes.map(({ name }) => ({ name, type: "float32", shape: [] })),
  };
}

/** Ranges over all images: of each value the mean of the images' extremes, which single outliers do not widen. */
export class RangeMeter {
  readonly #values: readonly string[];
  readonly #sums = new Map<string, { min: number; max: number }>();
  #images = 0;

  constructor(values: readonly string[]) {
    this.#values = values;
    for (const value of values) this.#sums.set(value, { min: 0, max: 0 });
  }

  /** Takes the outputs of a graph `withRanges` for one image. */
  add(outputs: Readonly<Record<string, { readonly data: unknown }>>): void {
    this.#images += 1;
    const number = (name: string): number => (outputs[name]!.data as Float32Array)[0]!;
    for (const value of this.#values) {
      const sum = this.#sums.get(value)!;
      sum.min += number(PREFIX.min + value);
      sum.max += number(PREFIX.max + value);
    }
  }

  ranges(): Map<string, Range> {
    const of = ({ min, max }: Range): Range => ({ min: min / this.#images, max: max / this.#images });
    return new Map([...this.#sums].map(([value, sum]) => [value, of(sum)]));
  }
}
