import type { Targets } from "../losses/targets.js";
import type { Ensemble } from "../models/ensemble.js";
import { noGrad } from "../torch/autograd.js";
import type { Tensor } from "../torch/tensor.js";
import type { Labelled, Method, StepContext, StepResult, View } from "./method.js";

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
