/**
 * Small layers that train in place of a pretrained network, which stays as it is: low-rank updates of linear layers and
 * bottlenecks beside the MLPs of transformers. Both start as changes of 0.
 */
import { full } from "../torch/create.js";
import { cat } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { fanInUniform, type Initializer, zeroInit } from "./init.js";
import { LayerNorm } from "./layer-norm.js";
import { Linear } from "./linear.js";
import { Layer } from "./module.js";

/** A linear layer of a block: queries, keys, values, the projection behind them, the two layers of the MLP. */
export type LoraTarget = "q" | "k" | "v" | "proj" | "fc1" | "fc2";

export interface LoraOptions {
  readonly kind: "lora";
  /** r, rows of A. */
  readonly rank: number;
  /** α; the update is scaled by α / r. */
  readonly alpha: number;
  readonly targets: readonly LoraTarget[];
}

export interface AdaptFormerOptions {
  readonly kind: "adaptformer";
  /** Values in the bottleneck. */
  readonly dim: number;
  /** s at the start. */
  readonly scale: number;
  readonly learnScale: boolean;
  /** Distribution of the first layer's weights; both have the same variance. */
  readonly init: "uniform" | "normal";
}

export type AdapterOptions = LoraOptions | AdaptFormerOptions;

/** ΔW of a part of a linear layer. */
const LORA = /^(.*[.])lora(?:_([qkv]))?[.]([AB])$/;
const OUTPUTS = ["q", "k", "v"] as const;
/** Of PyTorch's layer norms, the adapters' in both papers' code among them. */
const EPS = 1e-5;

/** Whether a parameter belongs to an adapter, by its name. */
export function isAdapterParameter(name: string): boolean {
  return LORA.test(name) || /(?:^|[.])adapter[.]/.test(name);
}

/** ΔW x = α/r · B A x: x [*, D] → [*, C]. Hu et al., "LoRA", ICLR 2022. A starts as PyTorch's linear layers, B at 0. */
class LoraUpdate extends Layer {
  readonly #a: Tensor; // [r, D]
  readonly #b: Tensor; // [C, r]
  readonly #scale: number;

  constructor({
    inFeatures,
    outFeatures,
    rank,
    alpha,
    rng,
  }: {
    readonly inFeatures: number;
    readonly outFeatures: number;
    readonly rng: Rng;
  } & LoraOptions) {
    super();
    this.#a = this.parameter("A", fanInUniform([rank, inFeatures], rng));
    this.#b = this.parameter("B", zeroInit([outFeatures, rank], rng));
    this.#scale = alpha / rank;
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    return keep(x.matmul(this.#a.t()).matmul(this.#b.t()).mul(this.#scale));
  }
}

interface LoraLinearOptions {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly init: Initializer;
  readonly biasInit: Initializer;
  readonly rng: Rng;
  readonly lora: LoraOptions;
  /** What its outputs are, in equal parts. */
  readonly outputs: readonly LoraTarget[];
}

/**
 * A linear layer with low-rank updates of those of its outputs that are targets: x [*, D] → [*, C]. They are named `lora`, or
 * `lora_q`, `lora_k` and `lora_v` where the layer computes all three.
 */
export class LoraLinear extends Linear {
  /** Of each part of the outputs; null: none. */
  readonly #updates: readonly (LoraUpdate | null)[];

  constructor({ lora, outputs, ...options }: LoraLinearOptions) {
    super(options);
    const outFeatures = options.outFeatures / outputs.length;
    this.#updates = outputs.map((output) =>
      lora.targets.includes(output)
        ? this.child(
            outputs.length === 1 ? "lora" : `lora_${output}`,
            new LoraUpdate({ ...options, ...lora, outFeatures }),
          )
        : null,
    );
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const y = super.forward(x);
    const size = y.shape.at(-1)! / this.#updates.length;
    const parts = this.#updates.map((update, part) => {
      const own = y.narrow(-1, part * size, size);
      return update === null ? own : own.add(update.forward(x));
    });
    return keep(parts.length === 1 ? parts[0]! : cat(parts, { dim: -1 }));
  }
}

/**
 * The weights of a network whose LoRA updates are part of the weights that they change, W + α/r · B A: those of a network
 * without adapters, that computes the same.
 */
export function withLoraMerged(
  state: ReadonlyMap<string, Tensor>,
  { alpha, rank }: Pick<LoraOptions, "alpha" | "rank">,
): Map<string, Tensor> {
  const merged = new Map([...state].filter(([name]) => !LORA.test(name)));
  for (const [name, a] of state) {
    const [, layer = "", output, matrix] = LORA.exec(name) ?? [];
    if (matrix !== "A") continue;
    const b = state.get(`${name.slice(0, -1)}B`)!;
    const change = b.matmul(a).mul(alpha / rank); // [C, D]
    const weight = merged.get(`${layer}weight`)!;
    const [rows = 0] = change.shape;
    const first = output === undefined ? 0 : OUTPUTS.findIndex((one) => one === output) * rows;
    const after = first + rows;
    const parts = [
      weight.narrow(0, 0, first),
      weight.narrow(0, first, rows).add(change),
      weight.narrow(0, after, weight.shape[0]! - after),
    ];
    merged.set(`${layer}weight`, cat(parts));
  }
  return merged;
}

/**
 * s · U relu(D norm(x) + b_D) + b_U beside the MLP of a block: tokens x [N, T, width] → the same shape, to be added to the
 * block's output. Chen et al., "AdaptFormer", NeurIPS 2022; with s learned and D drawn from a normal distribution as in
 * LIFT (Shi et al., ICML 2024). U and the biases start at 0.
 */
export class AdaptFormer extends Layer {
  readonly #norm: LayerNorm;
  readonly #down: Linear;
  readonly #up: Linear;
  readonly #scale: Tensor | number; // [1] where it is learned

  constructor({
    width,
    dim,
    scale,
    learnScale,
    init,
    rng,
  }: { readonly width: number; readonly rng: Rng } & AdaptFormerOptions) {
    super();
    const draw: Initializer = init === "uniform" ? fanInUniform : fanInNormal;
    const biasInit = zeroInit;
    this.#norm = this.child("norm", new LayerNorm({ features: width, eps: EPS }));
    this.#down = this.child(
      "down",
      new Linear({ inFeatures: width, outFeatures: dim, init: draw, biasInit, rng }),
    );
    this.#up = this.child(
      "up",
      new Linear({ inFeatures: dim, outFeatures: width, init: zeroInit, biasInit, rng }),
    );
    this.#scale = learnScale ? this.parameter("scale", full([1], scale)) : scale;
  }

  override forward(x: Tensor): Tensor {
    using _ = scope();
    const inner = this.#down.forward(this.#norm.forward(x)).relu();
    return keep(this.#up.forward(inner).mul(this.#scale));
  }
}

/** Normal with the variance of `fanInUniform`, 1 / (3 · fan-in): Kaiming's with a = √5, as in LIFT. */
const fanInNormal: Initializer = (shape, rng) => rng.normal(shape, { std: Math.sqrt(1 / (3 * shape[1]!)) });
