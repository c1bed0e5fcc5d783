import { overTargets, type Targets } from "../losses/targets.js";
import {
  SINGLE_STEP,
  type Labelled,
  type Method,
  type StepContext,
  type StepResult,
} from "../methods/method.js";
import type { LossScaler } from "../optim/loss-scaler.js";
import type { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { ALONE, type Peers } from "../distributed/peers.js";
import type { GradientReducer } from "../distributed/gradient-reducer.js";
import { noGrad } from "../torch/autograd.js";
import { cat, stack } from "../torch/operators.generated.js";
import { keep, scope } from "../torch/scope.js";
import { autocast } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { microBatches } from "./micro-batches.js";

export interface StepOptions {
  readonly method: Method;
  readonly optimizer: Sgd;
  /** Where float16 gradients need one; none unless given. */
  readonly scaler?: LossScaler | null;
  readonly precision: ResolvedRecipe["precision"];
  /** Micro-batches that the batch is cut into. */
  readonly accumulate: ResolvedRecipe["optimizer"]["accumulate"];
  /** The processes that share the batch; one alone unless given. */
  readonly peers?: Peers;
  /** Makes the processes' gradients one; null for a process alone. */
  readonly reducer?: GradientReducer | null;
  /** Runs each phase's work, so that it can be timed; by itself unless given. */
  readonly watch?: Watch;
}

export type Phase = "forward" | "backward" | "optimizer";
export type Watch = <T>(phase: Phase, work: () => T) => T;
const unwatched: Watch = (_phase, work) => work();

/** A batch, or this process's piece of one. */
export interface TrainingBatch extends Labelled {
  /** Images of the whole batch; as many as there are labels unless given. */
  readonly total?: number;
  /** Position of the step in its training; a single step's unless given. */
  readonly context?: StepContext;
}

interface Share {
  /** What a micro-batch is of this process's images. */
  readonly ofPiece: number;
  /** What this process's images are of the whole batch. */
  readonly ofBatch: number;
  readonly context: StepContext;
}

/** What one step tells about itself. */
export interface StepOutcome {
  readonly loss: number;
  readonly parts: Record<string, number>;
  /** Images of the batch that the ensemble got right; mixed ones count by the share of what it named. */
  readonly right: number;
  /** Before clipping; null where nothing is clipped. */
  readonly gradNorm: number | null;
  /** Of the loss, for the next step; null where it is not scaled. */
  readonly scale: number | null;
}

/** The same on its device, where nobody has waited for it. */
export interface ComputedStep {
  readonly names: readonly string[]; // of the loss's parts
  readonly clipped: boolean;
  readonly scaled: boolean;
  /** float32 [2 + parts, and one if clipped, and one if scaled]: right, loss, its parts, the gradients' norm, the scale */
  readonly values: Tensor;
}

/** What one micro-batch adds to its step. */
interface Contribution {
  readonly names: readonly string[]; // of the loss's parts
  readonly values: Tensor; // float32 [2 + parts]: images that are right, the loss and its parts by the share of the batch
}

/** One training step, and what it tells. Call it in a scope of its own. */
export function trainStep(batch: TrainingBatch, options: StepOptions): StepOutcome {
  return readOutcome(computeStep(batch, options), options.peers);
}

/**
 * One training step: forward, backward, update. Call it in a scope of its own.
 * The gradients of micro-batches add up, each by its share of the images, to that of the whole batch's mean loss; the
 * memory for activations is one micro-batch's. Batch norm's statistics and dropout's draws are a micro-batch's own.
 * Of several processes each has a piece of the batch; their gradients, which the last micro-batch's backward reduces,
 * and what is told of the step are those of the whole.
 */
export function computeStep(batch: TrainingBatch, options: StepOptions): ComputedStep {
  const { optimizer, scaler = null, accumulate, peers = ALONE, watch = unwatched } = options;
  const { total = batch.labels.shape[0]!, context = SINGLE_STEP, ...piece } = batch;
  watch("optimizer", () => {
    optimizer.zeroGrad();
  });
  const parts = Math.min(accumulate, Math.floor(total / peers.ranks)); // as many in every process
  const ofBatch = piece.labels.shape[0]! / total;
  const contributions = Array.from(microBatches(piece, parts), ({ share, ...part }) =>
    addGradients(part, options, { ofPiece: share, ofBatch, context }),
  );
  const { gradNorm } = watch("optimizer", () => optimizer.step({ scaler }));
  const sums = contributions.map((one) => one.values).reduce((sum, one) => sum.add(one));
  const more = [gradNorm, scaler?.scaleOnDevice ?? null].filter((one) => one !== null);
  const single = more.map((one) => one.to({ dtype: "float32" }).view([1]));
  const values = single.length === 0 ? sums : cat([sums, ...single]);
  const names = contributions[0]?.names ?? [];
  return { names, clipped: gradNorm !== null, scaled: scaler !== null, values };
}

function addGradients(
  batch: Labelled,
  { method, precision, scaler = null, peers = ALONE, reducer = null, watch = unwatched }: StepOptions,
  { ofPiece, ofBatch, context }: Share,
): Contribution {
  using _scope = scope();
  const result = watch("forward", () => forward(batch, context, { method, precision }));
  const share = result.loss.mul(ofPiece * ofBatch * peers.ranks); // the reducer takes the processes' mean
  const loss = scaler?.scaled(share) ?? share;
  if (batch.lastPart) reducer?.prepare([loss]);
  watch("backward", () => {
    loss.backward();
  });
  const names = Object.keys(result.parts);
  return { names, values: keep(contributedValues(result, batch, ofPiece * ofBatch)) };
}

function forward(
  batch: Labelled,
  context: StepContext,
  { method, precision }: Pick<StepOptions, "method" | "precision">,
): StepResult {
  using _autocast = precision === "float32" ? null : autocast(precision, { device: batch.images.device });
  return method.step(batch, context);
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
export function readOutcome(step: ComputedStep, peers: Peers = ALONE): StepOutcome {
  const { names, clipped, scaled, values } = step;
  const own = values.toList();
  const scale = scaled ? own.pop()! : null; // the same in every process, as the next one
  const gradNorm = clipped ? own.pop()! : null;
  const [right = NaN, loss = NaN, ...parts] = peers.sum(own);
  return {
    loss,
    right,
    parts: Object.fromEntries(names.map((name, i) => [name, parts[i] ?? NaN])),
    gradNorm,
    scale,
  };
}
