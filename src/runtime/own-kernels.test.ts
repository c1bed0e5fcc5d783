/** Our own kernels against ONNX Runtime: the same model files, the same answers, and the rest left to ONNX Runtime. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { exportOnnx } from "../inference/onnx/export-onnx.js";
import { network } from "../inference/onnx/networks.fixture.js";
import { traceNetwork } from "../inference/onnx/trace-network.js";
import { type Graph, GraphBuilder, type GraphNode, type Initializer } from "../onnx/graph.js";
import { modelFile } from "../onnx/model-file.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../training/toy.fixture.js";
import { trainToy } from "../training/train-toy.fixture.js";
import { load } from "./index.js";
import { openSession, type Session, type Values } from "./onnx-runtime.js";
import { openOwnSession } from "./own-kernels.js";

const { data, method } = toyRecipe("data");
const lite = (imageSize: number, changes: Partial<ResolvedRecipe> = {}): Partial<ResolvedRecipe> => ({
  backbone: "efficientnet-lite0",
  data: { ...data, imageSize },
  ...changes,
});

function graphOf(changes: Partial<ResolvedRecipe>, experts = 1): Graph {
  using trained = network(changes, experts);
  return traceNetwork(trained, { transforms: [], rng: new Rng(2) }).graph;
}

function fileOf(graph: Graph): Buffer {
  const header = { producer: "longtail", producerVersion: "0", description: "", properties: {} };
  return Buffer.concat(modelFile(graph, header));
}

const open = (graph: Graph, threads = 2): Promise<Session | null> =>
  openOwnSession(fileOf(graph), { where: "m.onnx", threads });

function imagesOf(shape: readonly number[], seed = 3): Float32Array {
  using _scope = scope();
  return new Rng(seed).normal([...shape]).toArray() as Float32Array;
}

/** What a session computes of images [count, 3, size, size]. */
async function computed(
  session: Session,
  size: number,
  images: Float32Array,
): Promise<Record<string, Float32Array>> {
  const shape = [images.length / (3 * size ** 2), 3, size, size];
  const values: Values = await session.run({ images: { data: images, shape } });
  return Object.fromEntries(
    Object.entries(values).map(([name, { data: elements }]) => [name, elements as Float32Array]),
  );
}

/** The largest difference, relative to the largest of the values. */
function difference(ours: Float32Array, theirs: Float32Array): number {
  expect(ours).toHaveLength(theirs.length);
  const scale = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return ours.reduce((worst, value, i) => Math.max(worst, Math.abs(value - theirs[i]!) / scale), 0);
}

const cosine = { kind: "cosine", scale: 16, bias: true, start: "random", prompt: "{}", names: null } as const;

test.each([
  ["224 pixels", lite(224)],
  ["an odd size", lite(75)],
  ["one pixel at the end", lite(32)],
  ["a cosine classifier", lite(64, { classifier: cosine })],
  ["FCNorm", lite(64, { classifier: { kind: "fc-norm" } })],
])("%s: what ONNX Runtime computes", async (_name, changes) => {
  const graph = graphOf(changes);
  const size = changes.data!.imageSize;
  const theirs = await openSession(fileOf(graph), { where: "m.onnx", threads: 1 });
  const ours = (await open(graph))!;
  expect(ours.outputs.toSorted()).toEqual(theirs.outputs.toSorted());
  for (const count of [1, 2, 5]) {
    const images = imagesOf([count, 3, size, size], count);
    const [found, expected] = [await computed(ours, size, images), await computed(theirs, size, images)];
    for (const name of ours.outputs)
      expect(difference(found[name]!, expected[name]!), `${name} of ${count}`).toBeLessThan(2e-5);
  }
  await Promise.all([ours.release(), theirs.release()]);
});

test("an image's features are the same to the bit in any batch and with any number of threads", async () => {
  const graph = graphOf(lite(75));
  const images = imagesOf([5, 3, 75, 75]);
  const one = images.length / 5;
  const found: Float32Array[] = [];
  for (const threads of [1, 2, 3, 5]) {
    const session = (await open(graph, threads))!;
    found.push((await computed(session, 75, images))["features"]!);
    const alone = [0, 1, 2, 3, 4].map((image) => images.slice(image * one, (image + 1) * one));
    const features = [];
    for (const image of alone) features.push(...(await computed(session, 75, image))["features"]!);
    found.push(Float32Array.from(features));
    await session.release();
  }
  for (const features of found.slice(1)) expect(features).toEqual(found[0]);
  const [first, second] = [found[0]!.slice(0, 1280), found[0]!.slice(1280, 2560)];
  expect(first).not.toEqual(second);
});

/** Two blocks of few channels on images of `size` x `size` pixels, whose weights are more than what they compute. */
function narrow(size: number, { projectIsLimited = false } = {}): Graph {
  const graph = new GraphBuilder();
  const convolve = (
    value: string,
    {
      inputs,
      outputs,
      kernel = 1,
      stride = 1,
      group = 1,
      isLimited = true,
    }: {
      inputs: number;
      outputs: number;
      kernel?: number;
      stride?: number;
      group?: number;
      isLimited?: boolean;
    },
  ): string => {
    const shape = [outputs, inputs / group, kernel, kernel];
    const weights = graph.constant(imagesOf(shape, outputs + kernel), { shape });
    const bias = graph.constant(imagesOf([outputs], 7), { shape: [outputs] });
    const edge = BigInt((kernel - 1) / 2);
    const convolved = graph.node("Conv", [value, weights, bias], {
      kernel_shape: [BigInt(kernel), BigInt(kernel)],
      strides: [BigInt(stride), BigInt(stride)],
      pads: [edge, edge, edge, edge],
      dilations: [1n, 1n],
      group: BigInt(group),
    });
    const minimum = outputs === 4 ? -Infinity : 0; // of what is added up
    return isLimited ? graph.node("Clip", [convolved, graph.scalar(minimum), graph.scalar(6)]) : convolved;
  };
  const depthwise = { inputs: 32, outputs: 32, kernel: 3, group: 32 };
  const project = { inputs: 32, outputs: 4, isLimited: projectIsLimited };
  const images = graph.input({ name: "images", type: "float32", shape: ["batch", 3, size, size] });
  const first = convolve(images, { inputs: 3, outputs: 32, kernel: 3, stride: 2 });
  const one = convolve(convolve(first, depthwise), project);
  const inner = convolve(convolve(one, { inputs: 4, outputs: 32 }), depthwise);
  const two = graph.node("Add", [convolve(inner, project), one]);
  const means = graph.node("GlobalAveragePool", [convolve(two, { inputs: 4, outputs: 8 })]);
  graph.output(graph.node("Flatten", [means]), { name: "features", type: "float32", shape: ["batch", 8] });
  return graph.build();
}

test.each([4, 8, 20])("a narrow network on %i pixels: what ONNX Runtime computes", async (size) => {
  const graph = narrow(size);
  const theirs = await openSession(fileOf(graph), { where: "m.onnx", threads: 1 });
  for (const threads of [1, 2, 3]) {
    const ours = (await open(graph, threads))!;
    for (const count of [1, 2, 7, 40]) {
      const images = imagesOf([count, 3, size, size], count);
      const [found, expected] = [await computed(ours, size, images), await computed(theirs, size, images)];
      const far = difference(found["features"]!, expected["features"]!);
      expect(far, `${count} images, ${threads} threads`).toBeLessThan(2e-5);
    }
    await ours.release();
  }
  await theirs.release();
});

test("only what is asked for is computed", async () => {
  const session = (await open(graphOf(lite(32))))!;
  const images = { data: imagesOf([1, 3, 32, 32]), shape: [1, 3, 32, 32] };
  expect(Object.keys(await session.run({ images }, ["probabilities"]))).toEqual(["probabilities"]);
  await session.release();
});

/** The graph with other nodes or weights. */
const changed = (
  graph: Graph,
  {
    node = (same) => same,
    weights = (same) => same,
  }: {
    node?: (node: GraphNode, index: number) => GraphNode;
    weights?: (initializer: Initializer) => Initializer;
  },
): Graph => ({ ...graph, nodes: graph.nodes.map(node), initializers: graph.initializers.map(weights) });

test("other networks are left to ONNX Runtime", async () => {
  const cases: [string, Graph][] = [
    ["another backbone", graphOf({ backbone: "resnet32" })],
    ["a transformer", graphOf({ backbone: "vit-ti16", data: { ...data, imageSize: 32 } })],
    ["MobileNetV3", graphOf({ backbone: "mobilenet-v3-large", data: { ...data, imageSize: 64 } })],
    ["two experts", graphOf(lite(32), 2)],
    ["shared stages", graphOf(lite(32, { method: { ...method, experts: 2, sharedStages: 5 } }), 2)],
  ];
  for (const [name, graph] of cases) expect(await open(graph), name).toBeNull();
});

test("a graph that only resembles one of ours is left to ONNX Runtime", async () => {
  const graph = graphOf(lite(32));
  const convolution = (key: string, value: readonly bigint[] | bigint) =>
    changed(graph, {
      node: (node, index) =>
        index === graph.nodes.findIndex(({ operator }) => operator === "Conv")
          ? { ...node, attributes: { ...node.attributes, [key]: value } }
          : node,
    });
  const cases: [string, Graph][] = [
    ["dilated", convolution("dilations", [2n, 2n])],
    ["steps of different lengths", convolution("strides", [2n, 1n])],
    ["no steps", convolution("strides", [0n, 0n])],
    ["a frame wider than its kernel", convolution("pads", [3n, 3n, 3n, 3n])],
    ["a frame of less than nothing", convolution("pads", [-1n, -1n, 1n, 1n])],
    ["another kernel than its weights'", convolution("kernel_shape", [5n, 5n])],
    ["groups", convolution("group", 3n)],
    ["a projection that is limited from above", narrow(8, { projectIsLimited: true })],
    [
      "an input that is read twice",
      {
        ...graph,
        nodes: [
          ...graph.nodes,
          { operator: "Relu", name: "r", inputs: ["images"], outputs: ["r"], attributes: {} },
        ],
      },
    ],
    [
      "an inner value that is an output",
      {
        ...graph,
        outputs: [
          ...graph.outputs,
          { name: graph.nodes[3]!.outputs[0]!, type: "float32", shape: ["batch", 1] },
        ],
      },
    ],
    [
      "a circle",
      changed(graph, {
        node: (node) =>
          node.operator === "GlobalAveragePool" ? { ...node, inputs: [graph.nodes[0]!.outputs[0]!] } : node,
      }),
    ],
    [
      "another element type",
      changed(graph, {
        weights: (initializer) =>
          initializer.data.length > 100 && initializer.type === "float32"
            ? { ...initializer, type: "int32", data: new Int32Array(initializer.data.length) }
            : initializer,
      }),
    ],
  ];
  for (const [name, one] of cases) expect(await open(one), name).toBeNull();
  expect(await openOwnSession(Buffer.from("no model"), { where: "m.onnx" })).toBeNull();
});

test("a closed network says so", async () => {
  const session = (await open(graphOf(lite(32))))!;
  await session.release();
  await expect(computed(session, 32, imagesOf([1, 3, 32, 32]))).rejects.toThrow("network");
});

test("images of another size are refused", async () => {
  const session = (await open(graphOf(lite(32))))!;
  await expect(computed(session, 30, imagesOf([1, 3, 30, 30]))).rejects.toThrow(
    "images: expected 3072 floats",
  );
  await session.release();
});

test("load says who computes, and takes ONNX Runtime where it is asked to", async () => {
  using temporary = temporaryFolder();
  const at = (name: string): string => join(temporary.path, name);
  writeToyData(at("data"));
  const base = toyRecipe(at("data"));
  const changes = { backbone: "efficientnet-lite0", method: { ...base.method, experts: 1 } } as const;
  await trainToy(toyRecipe(at("data"), changes), at("run"));
  for (const [name, options] of [
    ["m", {}],
    ["pixels", { input: "pixels" }],
    ["half", { precision: "float16", accept: true }],
  ] as const)
    await exportOnnx(at("run"), { out: at(`${name}.onnx`), ...options });
  await using own = await load(at("m.onnx"));
  await using theirs = await load(at("m.onnx"), { kernels: "onnxruntime" });
  expect([own.kernels, theirs.kernels]).toEqual(["own", "onnxruntime"]);
  for (const name of ["pixels", "half"]) {
    await using other = await load(at(`${name}.onnx`));
    expect([name, other.kernels]).toEqual([name, "onnxruntime"]);
  }
  const side = 16;
  const data = new Uint8Array(side ** 2 * 3).map((_, i) => i % 251);
  const image = { data, width: side, height: side, channels: 3 } as const;
  const [found, expected] = [await own.predict(image), await theirs.predict(image)];
  found.predictions.forEach(({ class: name, probability }, rank) => {
    expect(name).toBe(expected.predictions[rank]!.class);
    expect(probability).toBeCloseTo(expected.predictions[rank]!.probability, 5);
  });
}, 240_000);

test("a worker that leaves a network open ends", async () => {
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.module).then(async ({ openOwnSession }) => {
      const session = await openOwnSession(workerData.model, { where: "m.onnx", threads: 3 });
      await session.run({ images: { data: new Float32Array(3 * 32 * 32), shape: [1, 3, 32, 32] } });
      parentPort.postMessage("computed");
    });`;
  const module = new URL("../../dist/runtime/own-kernels.js", import.meta.url).href;
  const worker = new Worker(code, { eval: true, workerData: { module, model: fileOf(graphOf(lite(32))) } });
  expect(await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject))).toBe(
    "computed",
  );
  expect(await new Promise((resolve) => worker.once("exit", resolve))).toBe(0);
});
