import { logCounts, type Targets } from "./cross-entropy.js";
import type { Ensemble } from "../../models/ensemble.js";
import { noGrad } from "../../torch/autograd.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Labelled, Method, StepContext, StepResult, View } from "./method.js";
import { dispose, keepForever } from "../../torch/scope.js";

/** A method whose model is an ensemble of experts that all see the same images; a subclass says what the loss is. */
export abstract class ExpertsMethod<M extends Ensemble = Ensemble> implements Method {
  abstract readonly name: string;
  abstract readonly prior: Method["prior"];
  readonly views: readonly View[] = ["train"];
  readonly decidesAnew: string | null = null;
  readonly model: M;

  constructor(model: M) {
    this.model = model;
  }

  /** Weighted scalars whose sum is the loss. logits: raw, of each expert, [V·N, C]. */
  protected abstract lossParts(logits: readonly Tensor[], targets: Targets): Record<string, Tensor>;

  step({ images, ...targets }: Labelled, _context: StepContext): StepResult {
    const logits = this.model.forward(images);
    return joined(logits, targets.labels, this.lossParts(logits, targets));
  }

  predict(images: Tensor): readonly Tensor[] {
    using _ = noGrad();
    return this.model.forward(images);
  }

  [Symbol.dispose](): void {
    this.model[Symbol.dispose]();
  }
}

/** A step's result from its logits [V·N, C], view after view. */
export function joined(logits: readonly Tensor[], labels: Tensor, parts: Record<string, Tensor>): StepResult {
  const [images] = labels.shape as [number];
  return {
    loss: Object.values(parts).reduce((sum, part) => sum.add(part)),
    logits: logits.map((expert) => expert.narrow(0, 0, images)),
    parts,
  };
}

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
