import { dropout } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import { Layer } from "./module.js";

/**
 * Sets each value to 0 with probability p when training, and multiplies the others by 1 / (1 − p); nothing otherwise.
 * Draws from libtorch's generator. Srivastava et al., JMLR 2014.
 */
export class Dropout extends Layer {
  readonly #p: number;

  constructor({ p }: { p: number }) {
    super();
    this.#p = p;
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.#p > 0 ? dropout(x, this.#p, true) : x;
  }
}
