import type { AdapterOptions } from "../nn/adapters.js";
import { Dropout } from "../nn/dropout.js";
import { Layer, Module } from "../nn/module.js";
import type { Rng } from "../torch/random.js";
import { keep, scope } from "../torch/scope.js";
import { ParallelStreams } from "../torch/streams.js";
import type { Tensor } from "../torch/tensor.js";

/** Network that turns images [N, 3, H, W], or a trunk's output, into one feature vector each: [N, features]. */
export abstract class Backbone extends Layer {
  abstract readonly features: number;
}

/** Stages of a backbone that are built: `from` up to but not including `to`, counted from 0. The stem comes with the first. */
export interface StageRange {
  /** 0 unless given. */
  readonly from?: number;
  /** All stages unless given; with fewer the output is a map, [N, C, H', W'], and nothing is pooled. */
  readonly to?: number;
}

/** What a backbone's start weights are drawn from, and what trains in its place. */
export interface Adapted {
  /** Of the transformer's blocks, or LoRA of a ConvNeXt's MLPs; none unless given. */
  readonly adapter?: AdapterOptions | null | undefined;
  readonly rng: Rng;
}

/** First stages of a backbone, which experts share: images [N, 3, H, W] → [N, C, H', W']. */
export type Trunk = Layer;

/** Network of one expert: what it does not share with the others. */
export interface Expert {
  readonly backbone: Backbone;
  readonly classifier: Layer;
}

interface EnsembleOptions {
  /** Probability that a feature does not reach the classifier in training. */
  readonly dropout: number;
  /** Stages that all experts share; none unless given. */
  readonly trunk?: Trunk | null;
}

/**
 * K experts that see the same images and may share their early stages. The ensemble's prediction is the mean of the
 * experts' logits.
 */
export abstract class Ensemble extends Module {
  readonly #experts: readonly Expert[];
  readonly #trunk: Trunk | null;
  readonly #dropout: Dropout;
  #streams: ParallelStreams | null = null;
  #observer: ((features: readonly Tensor[]) => void) | null = null;
  #shares = false;

  /** A subclass names the experts' modules. */
  constructor(experts: readonly Expert[], { dropout, trunk = null }: EnsembleOptions) {
    super();
    this.#dropout = this.child("dropout", new Dropout({ p: dropout }));
    this.#trunk = trunk && this.child("trunk", trunk);
    this.#experts = experts;
  }

  /** Backbones of the experts, in their order, without what they share. */
  get backbones(): readonly Backbone[] {
    return this.#experts.map(({ backbone }) => backbone);
  }

  /** Stages that all experts share; null where they share none. */
  get trunk(): Trunk | null {
    return this.#trunk;
  }

  get classifiers(): readonly Layer[] {
    return this.#experts.map(({ classifier }) => classifier);
  }

  /** images [N, 3, H, W], or features [N, D] that are all experts' → raw logits of each expert, [N, C] */
  forward(images: Tensor): Tensor[] {
    const features = this.features(images);
    this.#observer?.(features);
    return this.classify(features);
  }

  /** Shows `observer` the features of each expert, [N, D], in every forward pass until disposed of. */
  observeFeatures(observer: (features: readonly Tensor[]) => void): Disposable {
    this.#observer = observer;
    return {
      [Symbol.dispose]: () => {
        this.#observer = null;
      },
    };
  }

  /** Lets the experts' backbones work at the same time from here on, on streams of the device. */
  useParallelStreams(device: string): void {
    this.#streams = new ParallelStreams(device, this.#experts.length);
  }

  /** Whether the experts' backbones have the same weights. */
  get hasEqualBackbones(): boolean {
    const [first, ...others] = this.backbones.map((backbone) => backbone.stateDict());
    return others.every((other) => [...other].every(([name, tensor]) => first!.get(name)!.equal(tensor)));
  }

  /**
   * Runs the first expert's backbone for all from here on, where all of them have the same weights: for backbones that do not
   * change, such as those of published weights that stay frozen.
   */
  shareEqualBackbones(): void {
    this.#shares = this.hasEqualBackbones;
  }

  /** Features [N, D] of one expert alone, for images [N, 3, H, W]. */
  featuresOf(expert: number, images: Tensor): Tensor {
    using _ = scope();
    return keep(this.backbones[expert]!.forward(this.#trunk?.forward(images) ?? images));
  }

  /** images [N, 3, H, W] → features of each expert, [N, D]; features that were computed before stand for themselves */
  features(images: Tensor): Tensor[] {
    if (images.shape.length === 2) return this.backbones.map(() => images);
    const shared = this.#trunk?.forward(images) ?? images;
    if (this.#shares) {
      const features = this.backbones[0]!.forward(shared);
      return this.backbones.map(() => features);
    }
    const works = this.backbones.map((backbone) => () => backbone.forward(shared));
    return this.#streams?.run(works, [shared]) ?? works.map((work) => work());
  }

  /** features of each expert [N, D] → raw logits of each expert, [N, C] */
  classify(features: readonly Tensor[]): Tensor[] {
    return this.logits(this.dropped(features));
  }

  /** features of each expert → the same with dropout, in training */
  dropped(features: readonly Tensor[]): Tensor[] {
    return features.map((ofExpert) => this.#dropout.forward(ofExpert));
  }

  /** features of each expert, dropped out already → raw logits of each expert */
  logits(features: readonly Tensor[]): Tensor[] {
    return this.#experts.map(({ classifier }, k) => classifier.forward(features[k]!));
  }
}

/** Names as the reference's: "backbone.K.…" for all, then "classifier.K.…"; shared stages come first, as "trunk.…". */
export class ExpertEnsemble extends Ensemble {
  constructor(experts: readonly Expert[], options: EnsembleOptions) {
    super(experts, options);
    experts.forEach(({ backbone }, k) => this.child(`backbone.${k}`, backbone));
    experts.forEach(({ classifier }, k) => this.child(`classifier.${k}`, classifier));
  }
}
