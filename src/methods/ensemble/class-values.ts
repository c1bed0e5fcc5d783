import { dispose, keepForever } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";

/** A number for each class, float32 [C], on whatever device a step works. */
export class ClassValues implements Disposable {
  #values: Tensor;

  /** Takes over the values, [C]. */
  constructor(values: Tensor) {
    this.#values = keepForever(values);
  }

  /** The values on a device; they stay this object's. */
  on(device: string): Tensor {
    if (this.#values.device !== device) {
      const moved = keepForever(this.#values.to({ device }));
      dispose(this.#values);
      this.#values = moved;
    }
    return this.#values;
  }

  [Symbol.dispose](): void {
    dispose(this.#values);
  }
}
