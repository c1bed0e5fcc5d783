import { AttentionPooling } from "../nn/attention-pooling.js";
import { Conv2d } from "../nn/conv2d.js";
import { uniformWithin } from "../nn/init.js";
import { LayerNorm } from "../nn/layer-norm.js";
import { type Gelu, TransformerBlock, transformerInit } from "../nn/transformer-block.js";
import { ShapeError } from "../torch/errors.js";
import { cat } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { type Adapted, Backbone, type StageRange } from "./ensemble.js";
import { type PositionRule, PositionResampling } from "./position-embedding.js";

/** How a vision transformer is made. */
export interface VisionTransformerArchitecture {
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Values of a token, and features. */
  readonly width: number;
  /** Blocks; each counts as a stage. */
  readonly depth: number;
  readonly heads: number;
  /** Rows of patches that there are position embeddings of; those of images of another size are interpolated. */
  readonly grid: number;
  readonly activation: Gelu;
  /** Of the layer norms. */
  readonly eps: number;
  /** Tokens without a position that belong to no patch. Darcet et al., ICLR 2024. */
  readonly registers: number;
  /** Start value of LayerScale; null: none. */
  readonly layerScale: number | null;
  /** CLIP's form: a norm before the first block, patches without a bias. */
  readonly isClip: boolean;
  readonly positions: PositionRule;
  /** What the features are: the class token, or what a query finds among the patches, where there is no class token. */
  readonly pooling: "class" | "attention";
}

interface Stem {
  readonly patches: Conv2d;
  readonly classToken: Tensor | null; // [1, 1, D]
  readonly registers: Tensor | null; // [1, registers, D]
  readonly positions: Tensor; // [1, 1 + grid², D], or [1, grid², D] without a class token
  readonly norm: LayerNorm | null;
}

/**
 * Vision transformer with pre-norm blocks, whose features are the class token after the final norm. Dosovitskiy et al.,
 * ICLR 2021; CLIP: Radford et al., ICML 2021, without its projection; DINOv2: Oquab et al., TMLR 2024; SigLIP, whose
 * features are pooled by attention: Zhai et al., ICCV 2023. Parameters have timm's names; there is no `head`. The position embedding of a network with registers includes the class token's, as in
 * DINOv2's own files. Starts from timm's initial distributions.
 */
export class VisionTransformer extends Backbone {
  override readonly features: number;
  readonly #patch: number;
  readonly #stem: Stem | null;
  readonly #resampling: PositionResampling;
  readonly #blocks: readonly TransformerBlock[];
  readonly #norm: LayerNorm | null;
  readonly #pooling: AttentionPooling | null;

  constructor(options: VisionTransformerArchitecture & StageRange & Adapted) {
    super();
    const { width, depth, grid, positions, patch, eps, pooling, from = 0, to = depth } = options;
    this.features = width;
    this.#patch = patch;
    this.#stem = from > 0 ? null : this.#newStem(options);
    this.#resampling = new PositionResampling(grid, positions);
    this.#blocks = Array.from({ length: to - from }, (_block, index) =>
      this.child(`blocks.${from + index}`, new TransformerBlock(options)),
    );
    this.#norm = to === depth ? this.child("norm", new LayerNorm({ features: width, eps })) : null;
    this.#pooling =
      to === depth && pooling === "attention" ? this.child("attn_pool", new AttentionPooling(options)) : null;
  }

  #newStem({
    width,
    grid,
    patch,
    registers,
    isClip,
    eps,
    pooling,
    rng,
  }: VisionTransformerArchitecture & { rng: Rng }): Stem {
    const token = (count: number): Tensor => rng.normal([1, count, width], { std: 1e-6 });
    const hasClass = pooling === "class";
    return {
      classToken: hasClass ? this.parameter("cls_token", token(1)) : null,
      registers: registers === 0 ? null : this.parameter("reg_token", token(registers)),
      positions: this.parameter("pos_embed", transformerInit([1, Number(hasClass) + grid ** 2, width], rng)),
      patches: this.child(
        "patch_embed.proj",
        new Conv2d({
          inChannels: 3,
          outChannels: width,
          kernel: patch,
          stride: patch,
          biasInit: isClip ? null : uniformWithin(1 / Math.sqrt(3 * patch ** 2)),
          rng,
        }),
      ),
      norm: isClip ? this.child("norm_pre", new LayerNorm({ features: width, eps })) : null,
    };
  }

  /**
   * x [N, 3, H, W], or the tokens that the blocks before gave → [N, width]; tokens [N, class + registers + patches, width]
   * without the last block
   */
  override forward(x: Tensor): Tensor {
    using _ = scope();
    const start = this.#stem === null ? x : this.#tokens(x, this.#stem);
    const end = this.#blocks.reduce((tokens, block) => block.forward(tokens), start);
    if (this.#norm === null) return keep(end);
    if (this.#pooling !== null) return keep(this.#pooling.forward(this.#norm.forward(end)));
    return keep(this.#norm.forward(end.select(1, 0)));
  }

  override [Symbol.dispose](): void {
    this.#resampling[Symbol.dispose]();
    super[Symbol.dispose]();
  }

  #tokens(x: Tensor, { patches, classToken, registers, positions, norm }: Stem): Tensor {
    const [images, , height, width] = x.shape as [number, number, number, number];
    if (height < this.#patch || width < this.#patch)
      throw new ShapeError("vision transformer", {
        expected: `images of at least one patch, ${this.#patch} x ${this.#patch} pixels`,
        received: x.shape,
      });
    const embedded = patches.forward(x); // [N, D, rows, columns]
    const [rows, columns] = embedded.shape.slice(2) as [number, number];
    const ofPatches = embedded.flatten({ startDim: 2 }).transpose(1, 2);
    const placed = this.#resampling.apply(positions, [rows, columns]);
    const others = [classToken?.add(placed.narrow(1, 0, 1)) ?? [], registers ?? []].flat();
    const placedPatches = ofPatches.add(placed.narrow(1, classToken === null ? 0 : 1, rows * columns));
    const tokens = cat([...others.map((token) => token.expand([images, -1, -1])), placedPatches], { dim: 1 });
    return norm === null ? tokens : norm.forward(tokens);
  }
}
