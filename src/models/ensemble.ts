import { type Layer, Module } from "../nn/module.js";
import type { Tensor } from "../torch/tensor.js";
import type { Backbone } from "./backbone.js";

export interface Expert {
  backbone: Backbone;
  classifier: Layer;
}

/**
 * K experts that share nothing but the images. Names as the reference's: "backbone.K.…" for all, then
 * "classifier.K.…". The ensemble's prediction is the mean of the experts' logits.
 */
export class ExpertEnsemble extends Module {
  readonly #backbones: readonly Backbone[];
  readonly #classifiers: readonly Layer[];

  constructor(experts: readonly Expert[]) {
    super();
    this.#backbones = experts.map(({ backbone }, k) => this.child(`backbone.${k}`, backbone));
    this.#classifiers = experts.map(({ classifier }, k) => this.child(`classifier.${k}`, classifier));
  }

  get experts(): number {
    return this.#backbones.length;
  }

  /** images [N, 3, H, W] → features of each expert, [N, D] */
  features(images: Tensor): Tensor[] {
    return this.#backbones.map((backbone) => backbone.forward(images));
  }

  /** images [N, 3, H, W] → raw logits of each expert, [N, C] */
  forward(images: Tensor): Tensor[] {
    return this.features(images).map((features, k) => this.#classifiers[k]!.forward(features));
  }
}
