/** What is written is read again. */
import { expect, test } from "vitest";
import { type Graph, GraphBuilder } from "./graph.js";
import { modelFile } from "./model-file.js";
import { readGraph } from "./read-graph.js";

const header = {
  producer: "longtail",
  producerVersion: "1",
  description: "a network",
  properties: { a: "b" },
};
const fileOf = (graph: Graph): Buffer => Buffer.concat(modelFile(graph, header));

function everyKind(): Graph {
  const graph = new GraphBuilder();
  const images = graph.input({ name: "images", type: "uint8", shape: ["batch", 3, 8, -1] });
  const constants = [
    graph.constant(Float32Array.of(1.5, -0, Infinity, NaN), { shape: [2, 2] }),
    graph.constant(Uint16Array.of(0x3c00), { shape: [1], type: "float16" }),
    graph.constant(Int32Array.of(-7), { shape: [] }),
    graph.constant(BigInt64Array.of(-1n, 2n ** 62n), { shape: [2] }),
    graph.constant(Int8Array.of(-128, 127), { shape: [2] }),
    graph.constant(Uint8Array.of(255), { shape: [1] }),
    graph.constant(Uint8Array.of(1), { shape: [1], type: "bool" }),
    graph.constant(new Float32Array(), { shape: [0] }),
  ];
  const attributes = {
    axis: -1n,
    alpha: 0.25,
    mode: "linear",
    pads: [0n, 1n, 2n, 300n],
    scales: [1, 0.5],
  };
  const inputs = [images, "", ...constants];
  const [first, second] = graph.nodeWith("Anything", inputs, { attributes, outputs: 2 }) as [string, string];
  graph.output(first, { name: "logits", type: "float32", shape: ["batch", 4] });
  graph.output(second, { name: "flags", type: "bool", shape: [] });
  return graph.build();
}

test("a graph comes back from its file as it went in", () => {
  const graph = everyKind();
  const read = readGraph(fileOf(graph))!;
  expect({ ...read, initializers: [] }).toEqual({ ...graph, initializers: [] });
  expect(read.initializers.map(({ name, type, shape, data }) => ({ name, type, shape, data }))).toEqual(
    graph.initializers,
  );
});

test("files that longtail does not write are no graph", () => {
  const bytes = fileOf(everyKind());
  expect(readGraph(new Uint8Array())).toBeNull();
  expect(readGraph(Buffer.from("GIF89a, no model"))).toBeNull();
  expect(readGraph(bytes.subarray(0, bytes.length - 1))).toBeNull();
  const opset = Buffer.from([0x42, 2, 0x10, 18]);
  const at = bytes.indexOf(opset);
  expect(at).toBeGreaterThan(0);
  expect(
    readGraph(Buffer.concat([bytes.subarray(0, at + 3), Buffer.of(19), bytes.subarray(at + 4)])),
  ).toBeNull();
  const values = Buffer.of(0x4a, 2, 127, 128); // raw_data of the int8 constant under another field's number
  const weights = bytes.indexOf(Buffer.of(0x4a, 2, 128, 127));
  expect(weights).toBeGreaterThan(0);
  values[0] = 0x2a;
  const elsewhere = Buffer.concat([bytes.subarray(0, weights), values, bytes.subarray(weights + 4)]);
  expect(readGraph(elsewhere)).toBeNull();
});

test("weights at any place in the file can be read", () => {
  const graph = everyKind();
  const file = fileOf(graph);
  for (const offset of [0, 1, 3]) {
    const moved = Buffer.concat([Buffer.alloc(offset), file]).subarray(offset);
    const [first] = readGraph(moved)!.initializers;
    expect(first!.data).toEqual(Float32Array.of(1.5, -0, Infinity, NaN));
  }
});
