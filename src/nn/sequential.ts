import type { Tensor } from "../torch/tensor.js";
import { Layer } from "./module.js";

/** Layers one after the other, named "0", "1", …. */
export class Sequential extends Layer {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    super();
    this.#layers = layers.map((layer, index) => this.child(String(index), layer));
  }

  override forward(x: Tensor): Tensor {
    return this.#layers.reduce((value, layer) => layer.forward(value), x);
  }
}
