import type { Method } from "../methods/method.js";
import type { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { noGrad } from "../torch/autograd.js";
import { stack } from "../torch/operators.generated.js";
import { autocast } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";

interface StepOptions {
  readonly method: Method;
  readonly optimizer: Sgd;
  readonly precision: ResolvedRecipe["precision"];
}

/** What one step tells about itself. */
export interface StepOutcome {
  readonly loss: number;
  readonly parts: Record<string, number>;
  /** Images of the batch that the ensemble got right. */
  readonly right: number;
  /** Before clipping; null where nothing is clipped. */
  readonly gradNorm: number | null;
}

/** One training step: forward, backward, update. Call it in a scope of its own. */
export function trainStep(
  batch: { images: Tensor; labels: Tensor },
  { method, optimizer, precision }: StepOptions,
): StepOutcome {
  const { loss, logits, parts } = forward(batch, method, precision);
  optimizer.zeroGrad();
  loss.backward();
  const { gradNorm } = optimizer.step();
  return { ...readOutcome({ loss, logits, parts }, batch.labels), gradNorm };
}

function forward(
  batch: { images: Tensor; labels: Tensor },
  method: Method,
  precision: ResolvedRecipe["precision"],
): ReturnType<Method["step"]> {
  using _autocast = precision === "bfloat16" ? autocast("bfloat16") : null;
  return method.step(batch);
}

/** Reads everything in one transfer, after the update: a GPU is waited for once a step. */
function readOutcome(
  { loss, logits, parts }: ReturnType<Method["step"]>,
  labels: Tensor,
): Omit<StepOutcome, "gradNorm"> {
  using _noGrad = noGrad();
  const ensemble = logits.reduce((sum, expert) => sum.add(expert)); // [N, C]; K times the mean: the same argmax
  const right = ensemble.argmax({ dim: 1 }).eq(labels).sum();
  const names = Object.keys(parts);
  const scalars = [loss, right, ...Object.values(parts)].map((scalar) => scalar.to({ dtype: "float32" }));
  const [lossValue = NaN, rightValue = NaN, ...partValues] = stack(scalars).toList();
  return {
    loss: lossValue,
    right: rightValue,
    parts: Object.fromEntries(names.map((name, i) => [name, partValues[i] ?? NaN])),
  };
}
