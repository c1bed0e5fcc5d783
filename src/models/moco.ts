import { Layer, Module } from "../nn/module.js";
import { Linear } from "../nn/linear.js";
import type { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";
import { normalize } from "../nn/functional.js";
import { noGrad } from "../torch/autograd.js";
import { zeros } from "../torch/create.js";
import { scope } from "../torch/scope.js";
import { foreachAdd_, foreachMul_ } from "../torch/operators.generated.js";
import { type Backbone, Ensemble, type Expert } from "./ensemble.js";

interface ProjectionOptions {
  readonly features: number;
  readonly dimension: number;
  readonly bias: boolean;
  readonly rng: Rng;
}

/** Features [N, D] → W₂ relu(W₀ x + b₀) + b₂ [N, E]: the head that contrastive learning compares images by. */
export class Projection extends Layer {
  readonly #hidden: Linear;
  readonly #out: Linear;

  constructor({ features, dimension, bias, rng }: ProjectionOptions) {
    super();
    this.#hidden = this.child("0", new Linear({ inFeatures: features, outFeatures: features, bias, rng }));
    this.#out = this.child("2", new Linear({ inFeatures: features, outFeatures: dimension, bias, rng }));
  }

  override forward(x: Tensor): Tensor {
    return this.#out.forward(this.#hidden.forward(x).relu());
  }
}

/**
 * The latest keys of one expert, oldest overwritten first; random unit vectors until there are enough. The queue wraps:
 * batches need not divide it. He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020.
 */
export class KeyQueue extends Module {
  readonly keys: Tensor; // [E, Q], a unit vector a column
  readonly #next: Tensor; // int64 [1], the column that the next key goes to
  readonly #size: number;

  constructor({ dimension, size, rng }: { dimension: number; size: number; rng: Rng }) {
    super();
    using _ = scope();
    this.keys = this.buffer("queue", normalize(rng.normal([dimension, size]), 0));
    this.#next = this.buffer("queue_ptr", zeros([1], { dtype: "int64" }));
    this.#size = size;
  }

  /** keys [N, E], at most as many as the queue holds. */
  enqueue(keys: Tensor): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const [count] = keys.shape as [number, number];
    const start = this.#next.item();
    const beforeEnd = Math.min(count, this.#size - start);
    const columns = keys.t();
    this.keys.narrow(1, start, beforeEnd).copy_(columns.narrow(1, 0, beforeEnd));
    this.keys.narrow(1, 0, count - beforeEnd).copy_(columns.narrow(1, beforeEnd, count - beforeEnd));
    this.#next.fill_((start + count) % this.#size);
  }
}

interface ContrastiveExpert extends Expert {
  /** Projection of the queries. */
  readonly projection: Projection;
  readonly keyBackbone: Backbone;
  readonly keyProjection: Projection;
  readonly queue: KeyQueue;
}

export interface KeyOptions {
  /** What a key encoder keeps of itself at each step. */
  readonly momentum: number;
  /** frozen: keeps its random start (the reference); ema: starts as a copy, as its encoder does, and follows (MoCo). */
  readonly keyProjection: "frozen" | "ema";
}

/**
 * An ensemble whose experts each have what MoCo needs besides: a projection of their features to queries, a key encoder
 * that follows their backbone and gets no gradient, a projection of its features to keys, and a queue of keys. Names as
 * the reference's, where "classifier" is the queries' projection and "classifier_ce" the classifier.
 */
export class ContrastiveEnsemble extends Ensemble {
  readonly #experts: readonly ContrastiveExpert[];
  readonly #options: KeyOptions;

  constructor(experts: readonly ContrastiveExpert[], options: KeyOptions & { dropout: number }) {
    super(experts, options);
    experts.forEach(({ queue }, k) => this.child(`MOCO.${k}`, queue));
    experts.forEach(({ backbone }, k) => this.child(`backbone.${k}`, backbone));
    experts.forEach(({ projection }, k) => this.child(`classifier.${k}`, projection));
    experts.forEach(({ keyBackbone }, k) => this.child(`backbone_MA.${k}`, keyBackbone.freeze()));
    experts.forEach(({ keyProjection }, k) => this.child(`classifier_MA.${k}`, keyProjection.freeze()));
    experts.forEach(({ classifier }, k) => this.child(`classifier_ce.${k}`, classifier));
    this.#experts = experts;
    this.#options = options;
    if (options.keyProjection === "ema") for (const expert of experts) startAlike(expert);
  }

  get queues(): readonly KeyQueue[] {
    return this.#experts.map(({ queue }) => queue);
  }

  /** features of each expert [N, D], as its classifier sees them → its queries, unit vectors [N, E] */
  queries(features: readonly Tensor[]): Tensor[] {
    return this.#experts.map(({ projection }, k) => normalize(projection.forward(features[k]!), 1));
  }

  /** images [N, 3, H, W] → keys of each expert, unit vectors [N, E], without gradient */
  keys(images: Tensor): Tensor[] {
    using _ = noGrad();
    const features = this.dropped(this.#experts.map(({ keyBackbone }) => keyBackbone.forward(images)));
    return this.#experts.map(({ keyProjection }, k) => normalize(keyProjection.forward(features[k]!), 1));
  }

  /** θ_key ← m θ_key + (1 − m) θ for the parameters of what follows; batch norm's statistics are its own. */
  moveKeyEncoders(): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const { momentum } = this.#options;
    const followed = this.#experts.flatMap((expert) => this.#followedBy(expert));
    const keyParameters = followed.flatMap(([key]) => key.parameters());
    foreachMul_(keyParameters, momentum);
    foreachAdd_(
      keyParameters,
      followed.flatMap(([, leader]) => leader.parameters()),
      { alpha: 1 - momentum },
    );
  }

  #followedBy(expert: ContrastiveExpert): [Module, Module][] {
    const encoders: [Module, Module] = [expert.keyBackbone, expert.backbone];
    if (this.#options.keyProjection === "frozen") return [encoders];
    return [encoders, [expert.keyProjection, expert.projection]];
  }
}

function startAlike({ backbone, keyBackbone, projection, keyProjection }: ContrastiveExpert): void {
  keyBackbone.loadStateDict(backbone.stateDict());
  keyProjection.loadStateDict(projection.stateDict());
}
