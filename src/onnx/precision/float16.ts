import { filled } from "../../support/math.js";
import { dataType } from "../model-file.js";
import type { Graph, GraphNode, Initializer } from "../graph.js";

/** Largest finite number of half precision. */
const MAX_HALF = 65_504;
/** Weights with fewer elements stay as they are: they take no space worth saving. */
const FEWEST_ELEMENTS = 64;

/**
 * The graph with its weights in half precision: half the size. They are converted back when the model is loaded, so that
 * every program computes in single precision, at the same speed.
 */
export function withHalfWeights(graph: Graph): Graph {
  const casts: GraphNode[] = [];
  const initializers = graph.initializers.map((initializer): Initializer => {
    const { name, data, type } = initializer;
    if (type !== "float32" || data.length < FEWEST_ELEMENTS) return initializer;
    const values = data as Float32Array;
    if (values.some((value) => Math.abs(value) > MAX_HALF)) return initializer;
    const half = `${name}/half`;
    const halves = filled(new Uint16Array(values.length), (i) => halfBits(values[i]!));
    casts.push({
      operator: "Cast",
      name: `${name}/cast`,
      inputs: [half],
      outputs: [name],
      attributes: { to: dataType("float32") },
    });
    return { ...initializer, name: half, type: "float16", data: halves };
  });
  return { ...graph, nodes: [...casts, ...graph.nodes], initializers };
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the nearest number of half precision, the even one of two. |value| ≤ 65504. */
function halfBits(value: number): number {
  float[0] = value;
  const [all] = bits as unknown as [number];
  const sign = (all >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24); // subnormal
  const exponent = ((all >>> 23) & 0xff) - 127;
  const fraction = roundEven((magnitude / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + fraction); // a fraction of 1024 carries into the exponent
}

function roundEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
