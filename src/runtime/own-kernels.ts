/** Networks for phones by our own kernels: they compute the backbone, and ONNX Runtime the classifiers behind it. */
import { availableParallelism } from "node:os";
import type { Graph } from "../onnx/graph.js";
import { PRODUCER } from "../onnx/metadata.js";
import { modelFile } from "../onnx/model-file.js";
import { readGraph } from "../onnx/read-graph.js";
import { LongtailError } from "../support/errors.js";
import { type Backbone, divided } from "./backbone.js";
import { openSession, type Session, type SessionOptions } from "./onnx-runtime.js";
import { visionAddon } from "./vision-addon.js";

/**
 * Prepares a network to run; null where our kernels do not compute it, on this machine or at all.
 *
 * @throws ModelError where ONNX Runtime cannot run its classifiers.
 */
export async function openOwnSession(model: Uint8Array, options: SessionOptions): Promise<Session | null> {
  const graph = readGraph(model);
  const parts = graph && divided(graph);
  if (parts === null) return null;
  const { backbone, heads, input } = parts;
  const network = openNetwork(backbone, options);
  if (network === null) return null;
  const classifiers = await openClassifiers(heads, options).catch((error: unknown) => {
    network.close();
    throw error;
  });
  const [{ name }] = heads.inputs as [(typeof heads.inputs)[number]];
  const { outputs: features } = backbone.head;
  return {
    ...classifiers,
    run: async (inputs, outputs) => {
      const { data: images, shape } = inputs[input]!;
      const [count] = shape as [number];
      const data = new Float32Array(count * features);
      network.run(images as Float32Array, data);
      return classifiers.run({ [name]: { data, shape: [count, features, 1, 1] } }, outputs);
    },
    release: async () => {
      network.close();
      await classifiers.release();
    },
  };
}

/** What is left for ONNX Runtime is too small to be shared by threads. */
function openClassifiers(heads: Graph, options: SessionOptions): Promise<Session> {
  const header = { producer: PRODUCER, producerVersion: "", description: "", properties: {} };
  return openSession(Buffer.concat(modelFile(heads, header)), { ...options, threads: 1 });
}

interface Network {
  run(images: Float32Array, features: Float32Array): void;
  close(): void;
}

function openNetwork(
  backbone: Backbone,
  { threads = availableParallelism(), busyWait = true }: SessionOptions,
): Network | null {
  const addon = addonIfAny();
  const id = addon?.openNetwork(backbone, threads, busyWait) ?? null;
  if (addon === null || id === null) return null;
  return {
    run: (images, features) => addon.runNetwork(id, images, features),
    close: () => addon.closeNetwork(id),
  };
}

/** The addon; null where there is none, which whoever gives images to decode is told. */
function addonIfAny(): ReturnType<typeof visionAddon> | null {
  try {
    return visionAddon();
  } catch (error) {
    if (error instanceof LongtailError) return null;
    throw error;
  }
}
