/** Smaller types for a network's weights, and what they cost. */
import { openDataset } from "../../data/registry.js";
import { ALL_AND_GROUPS } from "../../data/groups.js";
import { Loader } from "../../data/loader/loader.js";
import { subset } from "../../data/subset.js";
import { AccuracyMeter } from "../../evaluation/accuracy.js";
import { formatAccuracy } from "../../evaluation/results-table.js";
import type { GroupAccuracy } from "../../evaluation/scores.js";
import type { Graph } from "../../onnx/graph.js";
import { modelFile } from "../../onnx/model-file.js";
import { withHalfWeights } from "../../onnx/precision/float16.js";
import { quantized, quantizedValues } from "../../onnx/precision/int8.js";
import { RangeMeter, withRanges } from "../../onnx/precision/ranges.js";
import { openSession, type Session } from "../../runtime/onnx-runtime.js";
import { ModelError } from "../../support/errors.js";
import { tensor } from "../../torch/create.js";
import { scope } from "../../torch/scope.js";
import { evaluationBatches } from "../../training/loaders.js";
import { openEvaluated, ownData } from "../evaluated-data.js";
import { accuracyOptions, type Trained } from "../../training/trained.js";
import { counted } from "../../support/text.js";

/** Training images that the ranges of activations are measured on. */
const CALIBRATION_IMAGES = 256;

/**
 * Accuracy of a model in single precision and in the one that it is exported in, on the test images, in percent.
 *
 * @example
 * const lost = ({ before, after }: PrecisionCost): number => (before.few ?? 0) - (after.few ?? 0);
 */
export interface PrecisionCost {
  readonly images: number;
  readonly before: GroupAccuracy;
  readonly after: GroupAccuracy;
}

export interface PrecisionOptions {
  readonly precision: "float16" | "int8";
  /** Data folder; the one of the training unless given. */
  readonly data?: string | undefined;
  /** Percentage points that any group of classes may lose; 1 unless given. */
  readonly maxLoss?: number | undefined;
  /** Whether a model that loses more is written all the same. */
  readonly accept?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A network with smaller weights, which was measured on the test images.
 * @throws ModelError with a table for a network that loses more than it may; DataError when the images are not there;
 *   LongtailError when onnxruntime-node is not installed.
 */
export async function reducePrecision(
  trained: Trained,
  graph: Graph,
  options: PrecisionOptions,
): Promise<{ graph: Graph; cost: PrecisionCost }> {
  const { precision, maxLoss = 1, accept = false } = options;
  const reduced =
    precision === "float16"
      ? withHalfWeights(graph)
      : quantized(graph, await rangesOf(trained, graph, options));
  const cost = await measure(trained, [graph, reduced], options);
  const loss = (group: (typeof ALL_AND_GROUPS)[number]): number =>
    (cost.before[group] ?? 0) - (cost.after[group] ?? 0);
  if (!accept && ALL_AND_GROUPS.some((group) => loss(group) > maxLoss))
    throw new ModelError(
      `${precision}: expected a model that loses ${maxLoss} percentage points in no group, found one that loses more:\n` +
        `${precisionTable(cost, precision)}\nNothing was written. Export it with a higher precision, allow more with ` +
        "--max-loss POINTS, or write it all the same with --accept.",
    );
  return { graph: reduced, cost };
}

/** What a precision costs, for people. */
function precisionTable({ images, before, after }: PrecisionCost, precision: string): string {
  return formatAccuracy(`accuracy on ${counted(images, "test image")}, %`, [
    ["float32", before],
    [precision, after],
  ]);
}

async function sessionOf(graph: Graph): Promise<Session> {
  const parts = modelFile(graph, { producer: "", producerVersion: "", description: "", properties: {} });
  return openSession(Buffer.concat(parts), { where: "the model" });
}

/** Ranges of the values inside, over training images of all classes alike. */
async function rangesOf(
  trained: Trained,
  graph: Graph,
  { data: root, signal }: PrecisionOptions,
): Promise<ReturnType<RangeMeter["ranges"]>> {
  const own = ownData(trained.description.recipe.data, trained.path);
  const train = await openDataset({ ...own, root: root ?? own.root }, "train", { signal });
  const values = quantizedValues(graph);
  const meter = new RangeMeter(values);
  const session = await sessionOf(withRanges(graph, values));
  const images = subset(train, evenly(train.labels, trained.description.classes.length));
  try {
    await eachBatch(trained, images, { signal, batch: 1 }, async ({ data, shape }) => {
      meter.add(await session.run({ images: { data, shape } }));
    });
  } finally {
    await session.release();
  }
  return meter.ranges();
}

/** Indices of images, as many of each class as there are or as its portion allows. */
function evenly(labels: Int32Array, classes: number): number[] {
  const most = Math.max(1, Math.ceil(CALIBRATION_IMAGES / classes));
  const taken = new Array<number>(classes).fill(0);
  return [...labels.keys()].filter((index) => (taken[labels[index]!]! += 1) <= most);
}

async function measure(
  trained: Trained,
  graphs: readonly [Graph, Graph],
  { data: root, signal }: PrecisionOptions,
): Promise<PrecisionCost> {
  const test = await openEvaluated(trained, { root, split: "test", signal });
  const sessions = [await sessionOf(graphs[0]), await sessionOf(graphs[1])] as const;
  const meters = sessions.map(() => new AccuracyMeter({ ...accuracyOptions(trained), experts: 1 }));
  try {
    await eachBatch(trained, test, { signal, batch: 32 }, async ({ data, shape, labels }) => {
      for (const [which, session] of sessions.entries()) {
        const found = (await session.run({ images: { data, shape } }))["logits"]!;
        using _scope = scope();
        const logits = [tensor(found.data as Float32Array, { shape: found.dims })];
        meters[which]!.add({ logits, labels: tensor(labels) });
      }
    });
  } finally {
    for (const session of sessions) await session.release();
  }
  const [before, after] = meters.map((meter): GroupAccuracy => {
    const { all, many, medium, few } = meter.result().ensemble;
    return { all, many, medium, few };
  });
  return { images: test.size, before: before!, after: after! };
}

interface BatchArrays {
  /** float32 [N, 3, S, S] */
  readonly data: Float32Array;
  readonly shape: readonly number[];
  /** int64 [N] */
  readonly labels: BigInt64Array;
}

type Images = Awaited<ReturnType<typeof openDataset>>;

/** Passes images, prepared as in an evaluation, to `use` batch by batch. */
async function eachBatch(
  { description }: Trained,
  images: Images,
  { batch, signal }: { readonly batch: number; readonly signal: AbortSignal | undefined },
  use: (batch: BatchArrays) => Promise<void>,
): Promise<void> {
  using loader = new Loader({ ...evaluationBatches(description.recipe, images, "cpu"), batch });
  const batches = loader.epoch(0);
  try {
    for (let arrays = next(); arrays !== null; arrays = next()) {
      signal?.throwIfAborted();
      await use(arrays);
    }
  } finally {
    batches.return();
  }

  function next(): BatchArrays | null {
    using _scope = scope();
    const { done, value } = batches.next();
    if (done) return null;
    return {
      data: value.images.toArray() as Float32Array,
      shape: value.images.shape,
      labels: value.labels.toArray() as BigInt64Array,
    };
  }
}
