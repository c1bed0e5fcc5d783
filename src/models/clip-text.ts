import { Layer } from "../nn/module.js";
import { transformerInit, TransformerBlock, type Gelu } from "../nn/transformer-block.js";
import { LayerNorm } from "../nn/layer-norm.js";
import { normalize } from "../nn/functional.js";
import { CheckpointError } from "../support/errors.js";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { cat } from "../torch/operators.generated.js";
import { Rng, withoutDrawing } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { TEXT_LAYOUTS } from "./layouts.js";
import { matching, renamed } from "./state-names.js";
import { translated } from "./translate.js";

type State = Map<string, Tensor>;

/** How CLIP's text tower is made. */
export interface ClipTextArchitecture {
  readonly vocabulary: number;
  /** Tokens of the longest text. */
  readonly context: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Values of an embedding, which texts and images share. */
  readonly embedding: number;
  readonly activation: Gelu;
}

/** Of all layer norms of CLIP. */
const EPS = 1e-5;
/** Values of each head in all published text towers. */
const HEAD_WIDTH = 64;
/** Texts that are encoded at once. */
const BATCH = 64;

/**
 * Text tower of CLIP: Radford et al., ICML 2021. A text's embedding is that of its last token, the one with the largest
 * number, after the final norm and a projection.
 */
class ClipText extends Layer {
  readonly #tokens: Tensor; // [V, D]
  readonly #positions: Tensor; // [T, D]
  readonly #blocks: readonly TransformerBlock[];
  readonly #norm: LayerNorm;
  readonly #projection: Tensor; // [D, E]

  constructor({ vocabulary, context, width, depth, embedding, ...options }: ClipTextArchitecture) {
    super();
    using _ = withoutDrawing(); // every weight comes from a file
    const rng = new Rng(0);
    this.#tokens = this.parameter("token_embedding", transformerInit([vocabulary, width], rng));
    this.#positions = this.parameter("positions", transformerInit([context, width], rng));
    this.#projection = this.parameter("projection", transformerInit([width, embedding], rng));
    this.#blocks = Array.from({ length: depth }, (_block, index) =>
      this.child(
        `blocks.${index}`,
        new TransformerBlock({ ...options, width, eps: EPS, layerScale: null, isCausal: true, rng }),
      ),
    );
    this.#norm = this.child("norm", new LayerNorm({ features: width, eps: EPS }));
  }

  /** tokens int64 [N, T], behind each text anything smaller than its last token → [N, E] */
  override forward(tokens: Tensor): Tensor {
    using _ = scope();
    const [texts, length] = tokens.shape as [number, number];
    const embedded = this.#tokens.indexSelect(0, tokens.flatten()).reshape([texts, length, -1]);
    const start = embedded.add(this.#positions.narrow(0, 0, length));
    const all = this.#norm.forward(this.#blocks.reduce((x, block) => block.forward(x), start)); // [N, T, D]
    const last = tokens.argmax({ dim: 1 }).view([texts, 1, 1]).expand([texts, 1, all.shape[2]!]);
    return keep(all.gather(1, last).squeeze(1).matmul(this.#projection));
  }
}

/** What of a whole CLIP's weights turns texts into features of images. */
export interface TextWeights {
  /** Of a ClipText. */
  readonly tower: State;
  /** What images' features [D] are multiplied by to become embeddings, [D, E]. */
  readonly imageProjection: Tensor;
}

/**
 * The weights of a text tower in a file of CLIP's, by the names that they have in any layout.
 * @throws CheckpointError for a file without one.
 */
export function textWeights(found: State): TextWeights {
  const { state, layout } = translated(found, TEXT_LAYOUTS);
  const imageProjection =
    valueAt(found, /(?:^|[.])visual[.]proj$/) ?? valueAt(found, /(?:^|[.])visual_projection[.]weight$/)?.t();
  if (layout === null || imageProjection === undefined)
    throw new CheckpointError(
      "expected a whole CLIP with its text tower and its projections, as OpenAI, open_clip and Hugging Face write it, found none; " +
        "classifier.start text takes its class weights from it",
    );
  const projection = state.get("projection") ?? valueAt(found, /(?:^|[.])text_projection[.]weight$/)?.t();
  const tower = matching(state, (name) => /^(?:token_embedding|positions|norm[.]|blocks[.])/.test(name));
  if (projection !== undefined) tower.set("projection", projection);
  return { tower: inFloat32(tower), imageProjection: imageProjection.to({ dtype: "float32" }) };
}

function valueAt(state: State, pattern: RegExp): Tensor | undefined {
  return [...state].find(([name]) => pattern.test(name))?.[1];
}

function inFloat32(state: State): State {
  return new Map([...state].map(([name, value]) => [name, value.to({ dtype: "float32" })]));
}

/** The architecture of a text tower, by the shapes of its weights. */
export function textArchitecture(
  { tower }: TextWeights,
  { activation, heads }: Pick<ClipTextArchitecture, "activation"> & { readonly heads?: number },
): ClipTextArchitecture {
  const shapeOf = (name: string): readonly number[] => tower.get(name)?.shape ?? [];
  const [vocabulary = 0, width = 0] = shapeOf("token_embedding");
  const blocks = renamed(tower, (name) => /^blocks[.](\d+)[.]/.exec(name)?.[1] ?? "");
  return {
    vocabulary,
    width,
    context: shapeOf("positions")[0] ?? 0,
    depth: [...blocks.keys()].filter((name) => name !== "").length,
    heads: heads ?? Math.max(1, Math.floor(width / HEAD_WIDTH)),
    embedding: shapeOf("projection")[1] ?? 0,
    activation,
  };
}

/**
 * Directions in the features of CLIP's images that texts stand for, of length 1: the texts' embeddings, of length 1, times
 * the transposed projection of the images. What LIFT calls text initialization (Shi et al., ICML 2024).
 *
 * @param texts Tokens of each text.
 * @returns float32 [texts, D]
 */
export function textDirections(
  weights: TextWeights,
  texts: readonly (readonly number[])[],
  options: Parameters<typeof textArchitecture>[1],
): Tensor {
  using _scope = scope();
  using _noGrad = noGrad();
  using tower = new ClipText(textArchitecture(weights, options));
  tower.loadStateDict(weights.tower);
  const embedded = Array.from({ length: Math.ceil(texts.length / BATCH) }, (_batch, index) => {
    using _ = scope();
    const batch = texts.slice(index * BATCH, (index + 1) * BATCH);
    return keep(tower.forward(padded(batch)));
  });
  const directions = normalize(cat(embedded), 1).matmul(weights.imageProjection.t());
  return keep(normalize(directions, 1));
}

/** int64 [N, T] of the longest text; zeros behind the others. */
function padded(texts: readonly (readonly number[])[]): Tensor {
  const length = texts.reduce((most, text) => Math.max(most, text.length), 0);
  const values = texts.flatMap((text) => [...text, ...Array.from({ length: length - text.length }, () => 0)]);
  return tensor(values, { shape: [texts.length, length], dtype: "int64" });
}
