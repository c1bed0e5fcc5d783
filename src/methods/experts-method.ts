import type { ExpertEnsemble } from "../models/ensemble.js";
import { noGrad } from "../torch/autograd.js";
import type { Tensor } from "../torch/tensor.js";
import type { Labelled, Method, StepResult } from "./method.js";

/** A method whose model is an ensemble of experts that all see the same images; a subclass says what the loss is. */
export abstract class ExpertsMethod implements Method {
  abstract readonly name: string;
  readonly model: ExpertEnsemble;

  constructor(model: ExpertEnsemble) {
    this.model = model;
  }

  /** Weighted scalars whose sum is the loss. logits: raw, of each expert, [N, C]. */
  protected abstract lossParts(logits: readonly Tensor[], labels: Tensor): Record<string, Tensor>;

  step({ images, labels }: Labelled): StepResult {
    const logits = this.model.forward(images);
    const parts = this.lossParts(logits, labels);
    const loss = Object.values(parts).reduce((sum, part) => sum.add(part));
    return { loss, logits, parts };
  }

  predict(images: Tensor): readonly Tensor[] {
    using _ = noGrad();
    return this.model.forward(images);
  }

  dispose(): void {
    this.model.dispose();
  }
}
