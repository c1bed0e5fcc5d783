import { type Layer, Module } from "../nn/module.js";
import type { Tensor } from "../torch/tensor.js";
import type { Backbone } from "./backbone.js";

interface Expert {
  backbone: Backbone;
  classifier: Layer;
}

/**
 * K experts that share nothing but the images. Names as the reference's: "backbone.K.…" for all, then
 * "classifier.K.…". The ensemble's prediction is the mean of the experts' logits.
 */
export class ExpertEnsemble extends Module {
  readonly #experts: readonly Expert[];

  constructor(experts: readonly Expert[]) {
    super();
    experts.forEach(({ backbone }, k) => this.child(`backbone.${k}`, backbone));
    experts.forEach(({ classifier }, k) => this.child(`classifier.${k}`, classifier));
    this.#experts = experts;
  }

  /** images [N, 3, H, W] → raw logits of each expert, [N, C] */
  forward(images: Tensor): Tensor[] {
    return this.#experts.map(({ backbone, classifier }) => classifier.forward(backbone.forward(images)));
  }
}
