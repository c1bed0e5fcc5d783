/** Graphs compute what libtorch computes: by ONNX Runtime, for every network, classifier and ensemble. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, test, vi } from "vitest";
import { groupOf } from "../../data/groups.js";
import { scaleLogits } from "../../evaluation/temperature/scale.js";
import type { LogitTransform } from "../../evaluation/meter.js";
import { PRODUCER } from "../../onnx/metadata.js";
import { modelFile } from "../../onnx/model-file.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { noGrad } from "../../torch/autograd.js";
import { withoutTelemetry } from "../../runtime/onnx-runtime.js";
import { Rng } from "../../torch/random.js";
import { memory, scope } from "../../torch/scope.js";
import { toyRecipe } from "../../training/toy.fixture.js";
import { ensembleLogits, featuresOf } from "../predict.js";
import { priorAdjustment } from "../../training/implied-prior.js";
import type { Trained } from "../../training/trained.js";
import { network } from "./networks.fixture.js";
import { traceNetwork } from "./trace-network.js";

// Published sizes have up to 93 million weights; vit-ti16 below keeps its own.
vi.mock(import("../../models/architectures.js"), async (original) => {
  const { withSmallTransformers } = await import("../../models/small-transformers.fixture.js");
  return withSmallTransformers(await original(), ["clip-b32", "dinov2-s14-reg", "siglip-b16"]);
});

withoutTelemetry(); // these tests load ONNX Runtime themselves
const { data, method } = toyRecipe("data");

async function sessionOf(trained: Trained, transforms: readonly LogitTransform[]): Promise<InferenceSession> {
  const { graph } = traceNetwork(trained, { transforms, rng: new Rng(2) });
  const options = { producer: PRODUCER, producerVersion: "0", description: "", properties: {} };
  return InferenceSession.create(Buffer.concat(modelFile(graph, options)), { intraOpNumThreads: 1 });
}

/** Largest difference of logits and features, relative to the largest of them, over batches of several sizes. */
async function difference(trained: Trained, transforms: readonly LogitTransform[] = []): Promise<number> {
  const session = await sessionOf(trained, transforms);
  const { imageSize } = trained.description.recipe.data;
  let worst = 0;
  const compare = (ours: Float32Array, theirs: Float32Array): void => {
    expect(ours).toHaveLength(theirs.length);
    const scale = Math.max(
      1,
      theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
    theirs.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - ours[i]!) / scale)));
  };
  for (const batch of [1, 2, 5]) {
    const shape = [batch, 3, imageSize, imageSize];
    const { pixels, logits, features } = expected(trained, { shape, transforms });
    const found = await session.run({ images: new OrtTensor("float32", pixels, shape) });
    expect(found["logits"]!.dims).toEqual([batch, 4]);
    compare(found["logits"]!.data as Float32Array, logits);
    compare(found["features"]!.data as Float32Array, features);
    const probabilities = found["probabilities"]!.data as Float32Array;
    expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(batch, 4);
  }
  await session.release();
  return worst;
}

function expected(
  { method: built }: Trained,
  { shape, transforms }: { shape: number[]; transforms: readonly LogitTransform[] },
): { pixels: Float32Array; logits: Float32Array; features: Float32Array } {
  using _scope = scope();
  using _noGrad = noGrad();
  const images = new Rng(3 + shape[0]!).normal(shape);
  let features: Float32Array = new Float32Array();
  using _observed = featuresOf(built.model, (found) => (features = found.toArray() as Float32Array));
  const logits = ensembleLogits(built, images.to({ memoryFormat: "channels_last" }), transforms);
  return { pixels: images.toArray() as Float32Array, logits: logits.toArray() as Float32Array, features };
}

const large = { data: { ...data, imageSize: 64 } };
const one = { ...method, experts: 1 };
const networks: [string, Partial<ResolvedRecipe>, number][] = [
  ["resnet32, three experts", { backbone: "resnet32" }, 3],
  ["shared stages", { backbone: "resnet20", method: { ...method, sharedStages: 2, experts: 3 } }, 3],
  [
    "cosine",
    { classifier: { kind: "cosine", scale: 16, bias: true, start: "random", prompt: "{}", names: null } },
    2,
  ],
  [
    "cosine without bias",
    { classifier: { kind: "cosine", scale: 9, bias: false, start: "random", prompt: "{}", names: null } },
    1,
  ],
  ["fc-norm", { classifier: { kind: "fc-norm" } }, 2],
  ["fc without bias", { classifier: { kind: "fc", bias: false } }, 1],
  ["resnet10", { backbone: "resnet10", ...large }, 1],
  ["resnet18 on an odd size", { backbone: "resnet18", data: { ...data, imageSize: 63 } }, 1],
  ["resnet50", { backbone: "resnet50", ...large }, 1],
  ["resnext50-32x4d", { backbone: "resnext50-32x4d", ...large }, 1],
  ["efficientnet-lite0", { backbone: "efficientnet-lite0", ...large }, 1],
  [
    "efficientnet-lite0 on an odd size",
    { backbone: "efficientnet-lite0", data: { ...data, imageSize: 75 } },
    1,
  ],
  [
    "efficientnet-lite0, shared stages",
    { backbone: "efficientnet-lite0", ...large, method: { ...method, sharedStages: 5 } },
    2,
  ],
];

const patches = (side: number): Partial<ResolvedRecipe> => ({ data: { ...data, imageSize: side } });
networks.push(
  ["vit-ti16", { backbone: "vit-ti16", ...patches(64) }, 1],
  [
    "vit-ti16, shared stages",
    { backbone: "vit-ti16", ...patches(32), method: { ...method, sharedStages: 9 } },
    2,
  ],
  ["clip-b32", { backbone: "clip-b32", ...patches(64) }, 1],
  ["dinov2-s14-reg", { backbone: "dinov2-s14-reg", ...patches(42) }, 1],
  ["siglip-b16", { backbone: "siglip-b16", ...patches(48) }, 1],
  ["convnext-tiny", { backbone: "convnext-tiny", ...patches(64) }, 1],
  [
    "vit-ti16 with an AdaptFormer",
    {
      backbone: "vit-ti16",
      ...patches(32),
      adapter: { kind: "adaptformer", dim: 4, scale: 1, learnScale: true, init: "normal" },
    },
    1,
  ],
  ["mobilenet-v3-large", { backbone: "mobilenet-v3-large", ...patches(64) }, 1],
);

test.each(networks)("%s", async (_name, changes, experts) => {
  const { live } = memory();
  {
    using trained = network(changes, experts);
    expect(await difference(trained)).toBeLessThan(1e-4);
  }
  expect(memory().live).toBe(live);
});

test("temperatures of every kind and a prior are part of the graph", async () => {
  using trained = network({}, 2);
  const { counts, recipe } = trained.description;
  const groups = groupOf(counts, recipe.evaluation.groups);
  const prior = priorAdjustment(
    trained,
    counts.map(() => 1),
  );
  for (const temperature of [
    { kind: "global", temperature: 1.7 },
    { kind: "group", temperatures: { many: 2.5, medium: 1.2, few: 0.6 } },
    { kind: "expert", temperatures: [0.5, 3] },
  ] as const) {
    const scaled: LogitTransform = (logits) => scaleLogits(logits, temperature, groups);
    expect(await difference(trained, [scaled, prior]), temperature.kind).toBeLessThan(1e-4);
  }
});

test("what experts share is there once", () => {
  const weights = (sharedStages: number): number => {
    using trained = network({ method: { ...one, sharedStages, experts: 2 } });
    const { graph } = traceNetwork(trained, { transforms: [], rng: new Rng(2) });
    return graph.initializers.reduce((sum, initializer) => sum + initializer.data.length, 0);
  };
  expect(weights(2) / weights(0)).toBeLessThan(0.9);
});
