import type { LogitTransform } from "../../evaluation/meter.js";
import { GraphBuilder, type Graph } from "../../onnx/graph.js";
import { FEATURES } from "../../onnx/metadata.js";
import { noGrad } from "../../torch/autograd.js";
import type { Rng } from "../../torch/random.js";
import { scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { traceCalls } from "../../torch/trace.js";
import { ensembleLogits, featuresOf } from "../predict.js";
import type { Trained } from "../../training/trained.js";
import { Lowering } from "./lowering.js";
import { ARITHMETIC } from "./operators/arithmetic.js";
import { CONVOLUTIONS } from "./operators/convolution.js";
import { SHAPES } from "./operators/shapes.js";
import { INPUT } from "./preprocess.js";

/** Images of the batch that the network is run on to see what it is made of: a number that no other axis has by chance. */
const TRACED_IMAGES = 5;

const OPERATORS = { ...ARITHMETIC, ...CONVOLUTIONS, ...SHAPES };

export interface TraceOptions {
  /** What is done to the experts' logits before they are averaged. */
  readonly transforms: readonly LogitTransform[];
  /** Draws the images of the traced batch. */
  readonly rng: Rng;
}

/** A network as a graph, and what libtorch computes for one batch of its input. */
export interface TracedNetwork {
  readonly graph: Graph;
  /** float32 [N, 3, S, S] */
  readonly images: Float32Array;
  /** [N, 3, S, S] */
  readonly shape: readonly number[];
  /** float32 [N, C] */
  readonly logits: Float32Array;
}

/**
 * The graph of a trained network: its ensemble predicts one batch, and each operator that libtorch computes on the way is
 * written as ONNX's. So a graph does what a prediction does, for every network, classifier and ensemble.
 *
 * @throws UsageError for an operator that ONNX does not know by us.
 */
export function traceNetwork({ method, description }: Trained, options: TraceOptions): TracedNetwork {
  using _scope = scope();
  using _noGrad = noGrad();
  const { imageSize } = description.recipe.data;
  const classes = description.classes.length;
  const builder = new GraphBuilder();
  const input = builder.input({ name: INPUT, type: "float32", shape: ["N", 3, imageSize, imageSize] });
  const images = options.rng.normal([TRACED_IMAGES, 3, imageSize, imageSize]);
  const names = new Map([...method.model.stateDict()].map(([name, { handle }]) => [handle, name]));
  const lowering = new Lowering(builder, {
    batch: TRACED_IMAGES,
    images: input,
    names,
    operators: OPERATORS,
  });
  lowering.bind(images.handle, input);
  const laidOut = images.to({ memoryFormat: description.recipe.memoryFormat });
  lowering.bind(laidOut.handle, input);
  let features: Tensor | null = null as Tensor | null; // assigned where the compiler does not see it
  const receive = (found: Tensor): void => void (features = found);
  const logits = traced(lowering, () => {
    using _observed = featuresOf(method.model, receive);
    return ensembleLogits(method, laidOut, options.transforms);
  });
  const probabilities = traced(lowering, () => logits.softmax(1));
  const port = { type: "float32", shape: ["N", classes] } as const;
  builder.output(lowering.value(logits.handle), { name: "logits", ...port });
  builder.output(lowering.value(probabilities.handle), { name: "probabilities", ...port });
  if (features !== null) {
    const shape = ["N", features.shape[1]!];
    builder.output(lowering.value(features.handle), { name: FEATURES, type: "float32", shape });
  }
  return {
    graph: builder.build(),
    images: images.toArray() as Float32Array,
    shape: images.shape,
    logits: logits.toArray() as Float32Array,
  };
}

function traced<T>(lowering: Lowering, compute: () => T): T {
  using _trace = traceCalls((call) => {
    lowering.add(call);
  });
  return compute();
}
