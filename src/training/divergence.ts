import type { Dataset } from "../data/dataset.js";
import type { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { TrainingError } from "../support/errors.js";
import { noGrad } from "../torch/autograd.js";
import { foreachNorm, stack } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

const NAMED_IMAGES = 5;
const KEPT_LOSSES = 5;

/** The latest losses of an epoch, for the error when one is no longer a number. */
export class LossHistory {
  latest: readonly number[] = [];

  add(loss: number): void {
    this.latest = [...this.latest, loss].slice(-KEPT_LOSSES);
  }
}

interface Divergence {
  readonly recipe: ResolvedRecipe;
  readonly loss: number;
  /** The losses of the steps before it in this epoch, the latest last. */
  readonly before: readonly number[];
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly lr: Sgd["lr"];
  readonly dataset: Dataset;
  /** Of the batch's images, in the dataset. */
  readonly indices: Int32Array;
}

/** The error for a loss that is NaN or infinite: where, on which images, and what may help. */
export function divergenceError(found: Divergence): TrainingError {
  const { loss, before, epoch, step, stepsPerEpoch, dataset, indices } = found;
  const images = [...indices.subarray(0, NAMED_IMAGES)].map((index) => dataset.describe(index));
  const more = indices.length - images.length;
  return new TrainingError(
    [
      `The loss became ${loss} in epoch ${epoch}, step ${step} of ${stepsPerEpoch}. The run stopped; an earlier checkpoint is untouched.`,
      `Losses before: ${before.length === 0 ? "none in this epoch" : before.map((one) => one.toPrecision(5)).join(", ")}.`,
      `Images of the batch: ${images.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`,
      advice(found),
    ].join("\n"),
  );
}

/** Throws when a weight is NaN or infinite, so that such weights never replace a good checkpoint. */
export function assertFinite(
  parameters: readonly Tensor[],
  { recipe, epoch, lr }: Pick<Divergence, "recipe" | "epoch" | "lr">,
): void {
  using _scope = scope();
  using _noGrad = noGrad();
  const total = stack(foreachNorm([...parameters]))
    .sum()
    .item();
  if (Number.isFinite(total)) return;
  throw new TrainingError(
    `The weights are no longer finite after epoch ${epoch}. The run stopped; an earlier checkpoint is untouched.\n${advice({ recipe, lr })}`,
  );
}

function advice({ recipe, lr }: Pick<Divergence, "recipe" | "lr">): string {
  const { clipNorm } = recipe.optimizer;
  const { warmupEpochs, warmupSteps } = recipe.schedule;
  return (
    `The learning rate was ${lr}. Try a lower optimizer.lr (now ${recipe.optimizer.lr}), a clipped gradient by ` +
    `optimizer.clipNorm (now ${clipNorm ?? "none"}) or a longer warm-up by schedule.warmupSteps or ` +
    `schedule.warmupEpochs (now ${warmupSteps} and ${warmupEpochs}).`
  );
}
