import type { Ensemble } from "../../models/ensemble.js";
import { noGrad } from "../../torch/autograd.js";
import type { Tensor } from "../../torch/tensor.js";
import { ClassValues } from "./class-values.js";
import { logCounts, type Targets } from "./cross-entropy.js";
import type { Labeled, Method, StepContext, StepResult, TrainingClasses, View } from "./method.js";

/** A method whose model is an ensemble of experts that all see the same images; a subclass says what the loss is. */
export abstract class ExpertsMethod<M extends Ensemble = Ensemble> implements Method {
  abstract readonly name: string;
  readonly views: readonly View[] = ["train"];
  readonly model: M;

  constructor(model: M) {
    this.model = model;
  }

  /** Weighted scalars whose sum is the loss. logits: raw, of each expert, [V·N, C]. */
  protected abstract lossTerms(
    logits: readonly Tensor[],
    targets: Targets,
    context: StepContext,
  ): Record<string, Tensor>;

  /** images [N, 3, H, W] → raw logits of each expert, [N, C]. */
  protected logits(images: Tensor): Tensor[] {
    return this.model.forward(images);
  }

  step({ images, ...targets }: Labeled, context: StepContext): StepResult {
    const logits = this.logits(images);
    return stepResult(logits, targets.labels, this.lossTerms(logits, targets, context));
  }

  predict(images: Tensor): readonly Tensor[] {
    using _ = noGrad();
    return this.logits(images);
  }

  [Symbol.dispose](): void {
    this.model[Symbol.dispose]();
  }
}

/** Result of a step from its logits [V·N, C], view after view. */
export function stepResult(
  logits: readonly Tensor[],
  labels: Tensor,
  terms: Record<string, Tensor>,
): StepResult {
  const [images] = labels.shape as [number];
  return {
    loss: Object.values(terms).reduce((sum, term) => sum.add(term)),
    logits: logits.map((expert) => expert.narrow(0, 0, images)),
    terms,
  };
}

/** A method whose losses are on balanced logits: it knows how many training images each class has. */
export abstract class BalancedMethod<M extends Ensemble = Ensemble> extends ExpertsMethod<M> {
  readonly #logCounts: ClassValues;

  /** @throws DataError that names a class without training images. */
  constructor(model: M, { counts, classes }: TrainingClasses) {
    super(model);
    this.#logCounts = new ClassValues(logCounts(counts, classes));
  }

  /** log n [C] on the device of `like`. */
  protected logCountsOn(like: Tensor): Tensor {
    return this.#logCounts.on(like.device);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#logCounts[Symbol.dispose]();
  }
}
