/** The first part of a graph: what makes an image the network's input. */
import { type NormalizationFactors, normalizationFactors } from "../../data/normalization-factors.js";
import { type Graph, GraphBuilder } from "../../onnx/graph.js";
import { dataType } from "../../onnx/model-file.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { UsageError } from "../../support/errors.js";

type Preparation = Pick<ResolvedRecipe["data"], "test" | "imageSize" | "mean" | "std">;
type Transform = Preparation["test"][number];

/** Name of a graph's only input. */
export const INPUT = "images";

/** Pillow's bicubic kernel. */
const CUBIC_COEFFICIENT = -0.5;

/**
 * A network that takes pixels, uint8 [N, H, W, 3] of any size, which are resized, cropped and normalized first.
 * @throws UsageError for a transform that a graph does not have.
 */
export function takingPixels(network: Graph, data: Preparation): Graph {
  const graph = new GraphBuilder("prepare/");
  const { imageSize: size } = data;
  const pixels = graph.input({ name: INPUT, type: "uint8", shape: ["N", "height", "width", 3] });
  const planes = graph.node("Transpose", [pixels], { perm: [0n, 3n, 1n, 2n] });
  const transformed = data.test.reduce((value, transform) => transformIn(graph, value, transform), planes);
  // Fails for an image that is smaller than the crop: its input would have another size.
  const square = graph.node("Reshape", [transformed, graph.integers([0, 3, size, size], "input_shape")]);
  return graph.before(network, normalize(graph, square, data));
}

function transformIn(graph: GraphBuilder, value: string, transform: Transform): string {
  switch (transform.kind) {
    case "resize":
      return resize(graph, value, {
        to: shorterSide(graph, value, transform.size),
        how: transform.interpolation,
      });
    case "resize-exact": {
      const to = graph.integers([transform.height, transform.width], "resized");
      return resize(graph, value, { to, how: transform.interpolation });
    }
    case "center-crop":
      return centerCrop(graph, value, transform.size);
    default:
      throw new UsageError(
        `--input pixels: expected only resize, resize-exact and center-crop among the recipe's data.test, found ` +
          `${transform.kind}, which ONNX does not have. Export with --input tensor and prepare images with longtail/runtime.`,
      );
  }
}

/** Height and width of a value [N, 3, H, W]: int64 [2]. */
function sides(graph: GraphBuilder, value: string): string {
  return graph.node("Shape", [value], { start: 2n, end: 4n });
}

/** The shorter side becomes `size`, the other size · longer / shorter without its fraction: int64 [2]. */
function shorterSide(graph: GraphBuilder, value: string, size: number): string {
  const found = sides(graph, value);
  const shorter = graph.node("ReduceMin", [found], { keepdims: 1n });
  return graph.node("Div", [graph.node("Mul", [found, graph.integers([size], "size")]), shorter]);
}

interface Resizing {
  /** Height and width: int64 [2] */
  readonly to: string;
  readonly how: "bilinear" | "bicubic";
}

/** Resizes with an antialiasing filter, as Pillow does. */
function resize(graph: GraphBuilder, value: string, { to, how }: Resizing): string {
  const batch = graph.node("Shape", [value], { start: 0n, end: 2n });
  const sizes = graph.node("Concat", [batch, to], { axis: 0n });
  return graph.node("Resize", [value, "", "", sizes], {
    mode: how === "bicubic" ? "cubic" : "linear",
    cubic_coeff_a: CUBIC_COEFFICIENT,
    antialias: 1n,
    exclude_outside: how === "bicubic" ? 1n : 0n,
    coordinate_transformation_mode: "half_pixel",
  });
}

/** Half of an odd margin goes to the even neighbor. */
function centerCrop(graph: GraphBuilder, value: string, size: number): string {
  const length = graph.integers([size], "crop");
  const margins = graph.node("Sub", [sides(graph, value), length]);
  const halves = graph.node("Mul", [
    graph.node("Cast", [margins], { to: dataType("float32") }),
    graph.scalar(0.5),
  ]);
  const starts = graph.node("Cast", [graph.node("Round", [halves])], { to: dataType("int64") });
  const ends = graph.node("Add", [starts, length]);
  return graph.node("Slice", [value, starts, ends, graph.integers([2, 3], "sides")]);
}

/** (x / 255 − mean) / std for each channel */
function normalize(graph: GraphBuilder, value: string, preparation: Preparation): string {
  const factors = normalizationFactors(preparation);
  const perChannel = (name: keyof NormalizationFactors): string =>
    graph.constant(Float32Array.from(factors[name]), { shape: [1, 3, 1, 1], name });
  const [scale, shift] = [perChannel("scale"), perChannel("shift")];
  const floats = graph.node("Cast", [value], { to: dataType("float32") });
  return graph.node("Add", [graph.node("Mul", [floats, scale]), shift]);
}
