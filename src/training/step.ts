import { overTargets, type Targets } from "../losses/targets.js";
import type { Labelled, Method, StepResult } from "../methods/method.js";
import type { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { noGrad } from "../torch/autograd.js";
import { stack } from "../torch/operators.generated.js";
import { keep, scope } from "../torch/scope.js";
import { autocast } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { microBatches } from "./micro-batches.js";

interface StepOptions {
  readonly method: Method;
  readonly optimizer: Sgd;
  readonly precision: ResolvedRecipe["precision"];
  /** Micro-batches that the batch is cut into. */
  readonly accumulate: ResolvedRecipe["optimizer"]["accumulate"];
}

/** What one step tells about itself. */
export interface StepOutcome {
  readonly loss: number;
  readonly parts: Record<string, number>;
  /** Images of the batch that the ensemble got right; mixed ones count by the share of what it named. */
  readonly right: number;
  /** Before clipping; null where nothing is clipped. */
  readonly gradNorm: number | null;
}

/** What one micro-batch adds to its step. */
interface Contribution {
  readonly names: readonly string[]; // of the loss's parts
  readonly values: Tensor; // float32 [2 + parts]: images that are right, the loss and its parts by the share of the batch
}

/**
 * One training step: forward, backward, update. Call it in a scope of its own.
 * The gradients of micro-batches add up, each by its share of the images, to that of the whole batch's mean loss; the
 * memory for activations is one micro-batch's. Batch norm's statistics and dropout's draws are a micro-batch's own.
 */
export function trainStep(
  batch: Labelled,
  { method, optimizer, precision, accumulate }: StepOptions,
): StepOutcome {
  optimizer.zeroGrad();
  const contributions = Array.from(microBatches(batch, accumulate), ({ share, ...part }) =>
    addGradients(part, { method, precision, share }),
  );
  const { gradNorm } = optimizer.step();
  return { ...readOutcome(contributions), gradNorm };
}

function addGradients(
  batch: Labelled,
  { method, precision, share }: Pick<StepOptions, "method" | "precision"> & { share: number },
): Contribution {
  using _scope = scope();
  const result = forward(batch, method, precision);
  result.loss.mul(share).backward();
  const names = Object.keys(result.parts);
  return { names, values: keep(contributedValues(result, batch, share)) };
}

function forward(batch: Labelled, method: Method, precision: ResolvedRecipe["precision"]): StepResult {
  using _autocast = precision === "bfloat16" ? autocast("bfloat16") : null;
  return method.step(batch);
}

function contributedValues({ loss, logits, parts }: StepResult, targets: Targets, share: number): Tensor {
  using _noGrad = noGrad();
  const ensemble = logits.reduce((sum, expert) => sum.add(expert)); // [N, C]; K times the mean: the same argmax
  const answers = ensemble.argmax({ dim: 1 });
  const right = overTargets(targets, (labels) => answers.eq(labels).sum().to({ dtype: "float32" }));
  const means = [loss, ...Object.values(parts)].map((mean) => mean.to({ dtype: "float32" }).mul(share));
  return stack([right, ...means]);
}

/** Reads everything in one transfer, after the update: a GPU is waited for once a step. */
function readOutcome(contributions: readonly Contribution[]): Omit<StepOutcome, "gradNorm"> {
  const values = contributions.map((one) => one.values).reduce((sum, one) => sum.add(one));
  const names = contributions[0]?.names ?? [];
  const [right = NaN, loss = NaN, ...parts] = values.toList();
  return { loss, right, parts: Object.fromEntries(names.map((name, i) => [name, parts[i] ?? NaN])) };
}
