import { logCounts } from "../losses/balanced-logits.js";
import type { Ensemble } from "../models/ensemble.js";
import { dispose, keepForever } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { ExpertsMethod } from "./experts-method.js";

export interface TrainingClasses {
  counts: readonly number[]; // training images of each class
  classes: readonly string[]; // their names, for errors
}

/** A method whose losses are on balanced logits: it knows how many training images each class has. */
export abstract class BalancedMethod<M extends Ensemble = Ensemble> extends ExpertsMethod<M> {
  override readonly prior = "balanced";
  #logCounts: Tensor; // [C]

  /** @throws DataError that names a class without training images. */
  constructor(model: M, { counts, classes }: TrainingClasses) {
    super(model);
    this.#logCounts = keepForever(logCounts(counts, classes));
  }

  /** log n [C] on the device of `like`. */
  protected logCountsOn(like: Tensor): Tensor {
    if (this.#logCounts.device !== like.device) {
      const moved = keepForever(this.#logCounts.to({ device: like.device }));
      dispose(this.#logCounts);
      this.#logCounts = moved;
    }
    return this.#logCounts;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    dispose(this.#logCounts);
  }
}
