import type { Dataset } from "../data/dataset.js";
import type { Optimizer } from "../optim/optimizer.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { TrainingError } from "../support/errors.js";
import { noGrad } from "../torch/autograd.js";
import { foreachNorm, stack } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

/** So many tensors are named in an error. */
const NAMED_TENSORS = 3;
const NAMED_IMAGES = 5;

/** A step that ends the run. */
export interface Failure {
  readonly recipe: ResolvedRecipe;
  readonly loss: number;
  /** The losses of the steps before it in this epoch, the latest last. */
  readonly before: readonly number[];
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly lr: Optimizer["lr"];
  readonly dataset: Dataset;
  /** Of the batch's images, in the dataset. */
  readonly indices: Int32Array;
}

/** The error for a loss that is NaN or infinite: where, on which images, and what may help. */
export function divergenceError(found: Failure): TrainingError {
  const { loss, epoch, step, stepsPerEpoch } = found;
  return failure(`The loss became ${loss} in epoch ${epoch}, step ${step} of ${stepsPerEpoch}.`, found);
}

/** The error for gradients that are not finite although the loss's scale fell and fell. */
export function scaleError(found: Failure & { readonly scale: number }): TrainingError {
  const { scale, loss, epoch, step, stepsPerEpoch } = found;
  return failure(
    `The gradients are not finite at any scale of the loss: it fell to ${scale.toExponential(1)} in epoch ${epoch}, step ${step} of ` +
      `${stepsPerEpoch}, where the loss was ${loss.toPrecision(5)}; ` +
      "precision=bfloat16 or float32 needs no scale.",
    found,
  );
}

function failure(what: string, found: Failure): TrainingError {
  const { before, dataset, indices } = found;
  const images = [...indices.subarray(0, NAMED_IMAGES)].map((index) => dataset.describe(index));
  const more = indices.length - images.length;
  return new TrainingError(
    [
      `${what} The run stopped; an earlier checkpoint is untouched.`,
      `Losses before: ${before.length === 0 ? "none in this epoch" : before.map((one) => one.toPrecision(5)).join(", ")}.`,
      `Images of the batch: ${images.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`,
      advice(found),
    ].join("\n"),
  );
}

/**
 * Throws when a number of a state is NaN or infinite, so that it never replaces a good checkpoint: of the weights, of buffers
 * such as batch norm's statistics, of velocities or averages.
 */
export function assertFinite(
  state: ReadonlyMap<string, Tensor>,
  { recipe, epoch, lr }: Pick<Failure, "recipe" | "epoch" | "lr">,
): void {
  using _scope = scope();
  using _noGrad = noGrad();
  const floats = [...state].filter(([, { dtype, size }]) => dtype.includes("float") && size > 0);
  const norms = foreachNorm(floats.map(([, value]) => value));
  if (norms.length === 0 || Number.isFinite(stack(norms).sum().item())) return;
  const bad = floats.flatMap(([name], k) => (Number.isFinite(norms[k]!.item()) ? [] : [name]));
  const more = bad.length > NAMED_TENSORS ? ` and ${bad.length - NAMED_TENSORS} more` : "";
  throw new TrainingError(
    `The state of the training is no longer finite after epoch ${epoch}: ${bad.slice(0, NAMED_TENSORS).join(", ")}${more}. ` +
      `The run stopped; an earlier checkpoint is untouched.\n${advice({ recipe, lr })}`,
  );
}

function advice({ recipe, lr }: Pick<Failure, "recipe" | "lr">): string {
  const { clipNorm } = recipe.optimizer;
  const { warmupEpochs, warmupSteps } = recipe.schedule;
  return (
    `The learning rate was ${lr}. Try a lower optimizer.lr (now ${recipe.optimizer.lr}), a clipped gradient by ` +
    `optimizer.clipNorm (now ${clipNorm ?? "none"}) or a longer warm-up by schedule.warmupSteps or ` +
    `schedule.warmupEpochs (now ${warmupSteps} and ${warmupEpochs}).`
  );
}
