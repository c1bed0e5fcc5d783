import { noGrad } from "../torch/autograd.js";
import { cat, stack } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

/** A batch of images and what the experts say of them. */
export interface Observation {
  /** Raw, of each of K experts: [N, C]. */
  readonly logits: readonly Tensor[];
  /** int64 [N] */
  readonly labels: Tensor;
  /** [N]: the images' places in their split. */
  readonly indices: Int32Array;
}

/** Measures something in a pass over images. It sees every batch once and must not depend on their order or size. */
export interface Meter {
  add(observation: Observation): void;
}

/** Something done to the logits [N, C] of K experts before they are evaluated. */
export type LogitTransform = (logits: readonly Tensor[]) => readonly Tensor[];

/** A meter that sees logits after something was done to them. */
export function transformed(meter: Meter, transform: LogitTransform): Meter {
  return {
    add: ({ logits, ...rest }) => {
      using _scope = scope();
      using _noGrad = noGrad();
      meter.add({ logits: transform(logits), ...rest });
    },
  };
}

/** logits [N, C] of K experts → [1 + K, N, C]: the ensemble's, which are their mean, then each expert's. */
export function withEnsemble(logits: readonly Tensor[]): Tensor {
  const experts = stack(logits);
  return cat([experts.mean({ dim: [0], keepdim: true }), experts]);
}
