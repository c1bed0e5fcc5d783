import { Dropout } from "../nn/dropout.js";
import { Layer, Module } from "../nn/module.js";
import { ParallelStreams } from "../torch/streams.js";
import type { Tensor } from "../torch/tensor.js";

export interface Expert {
  backbone: Backbone;
  classifier: Layer;
}

/** K experts that share nothing but the images. The ensemble's prediction is the mean of the experts' logits. */
export abstract class Ensemble extends Module {
  readonly #experts: readonly Expert[];
  readonly #dropout: Dropout;
  #streams: ParallelStreams | null = null;

  /** A subclass names the experts' parts. dropout: probability that a feature does not reach the classifier in training. */
  constructor(experts: readonly Expert[], { dropout }: { dropout: number }) {
    super();
    this.#dropout = this.child("dropout", new Dropout({ p: dropout }));
    this.#experts = experts;
  }

  /** Of the experts, in their order. */
  get backbones(): readonly Backbone[] {
    return this.#experts.map(({ backbone }) => backbone);
  }

  get classifiers(): readonly Layer[] {
    return this.#experts.map(({ classifier }) => classifier);
  }

  /** images [N, 3, H, W] → raw logits of each expert, [N, C] */
  forward(images: Tensor): Tensor[] {
    return this.classify(this.features(images));
  }

  /** From here on the experts' backbones work at the same time, on streams of the device. */
  useParallelStreams(device: string): void {
    this.#streams = new ParallelStreams(device, this.#experts.length);
  }

  /** images [N, 3, H, W] → features of each expert, [N, D] */
  features(images: Tensor): Tensor[] {
    const works = this.backbones.map((backbone) => () => backbone.forward(images));
    return this.#streams?.run(works, [images]) ?? works.map((work) => work());
  }

  /** features of each expert [N, D] → raw logits of each expert, [N, C] */
  classify(features: readonly Tensor[]): Tensor[] {
    return this.#experts.map(({ classifier }, k) => classifier.forward(this.#dropout.forward(features[k]!)));
  }
}

/** Names as the reference's: "backbone.K.…" for all, then "classifier.K.…". */
export class ExpertEnsemble extends Ensemble {
  constructor(experts: readonly Expert[], options: { dropout: number }) {
    super(experts, options);
    experts.forEach(({ backbone }, k) => this.child(`backbone.${k}`, backbone));
    experts.forEach(({ classifier }, k) => this.child(`classifier.${k}`, classifier));
  }
}

/** What turns images [N, 3, H, W] into one feature vector each: [N, features]. */
export abstract class Backbone extends Layer {
  abstract readonly features: number;
}
