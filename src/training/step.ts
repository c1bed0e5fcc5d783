import { chunkOf } from "../support/math.js";
import { overTargets, type Targets } from "../methods/ensemble/cross-entropy.js";
import {
  SINGLE_STEP,
  type Labeled,
  type Method,
  type StepContext,
  type StepResult,
} from "../methods/ensemble/method.js";
import type { LossScaler } from "../optim/loss-scaler.js";
import type { Optimizer } from "../optim/optimizer.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { ALONE, type Peers } from "../distributed/peers.js";
import type { GradientReducer } from "../distributed/gradient-reducer.js";
import { noGrad } from "../torch/autograd.js";
import { cat, stack } from "../torch/operators.generated.js";
import { keep, scope } from "../torch/scope.js";
import { autocast } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";

export interface StepOptions {
  readonly method: Method;
  readonly optimizer: Optimizer;
  /** Where float16 gradients need one; none unless given. */
  readonly scaler?: LossScaler | null;
  readonly precision: ResolvedRecipe["precision"];
  /** Micro-batches that the batch is cut into. */
  readonly accumulate: ResolvedRecipe["optimizer"]["accumulate"];
  /** The processes that share the batch; one alone unless given. */
  readonly peers?: Peers;
  /** Makes the processes' gradients one; null for a process alone. */
  readonly reducer?: GradientReducer | null;
  /** Runs the work of each phase of the step, so that it can be timed. */
  readonly watch?: Watch;
}

/** A part of a step that is timed by itself. */
export type StepPhase = "forward" | "backward" | "optimizer";
export type Watch = <T>(phase: StepPhase, work: () => T) => T;
const unwatched: Watch = (_phase, work) => work();

/** A batch, or this process's piece of one. */
export interface TrainingBatch extends Labeled {
  /** Images of the whole batch; as many as there are labels unless given. */
  readonly total?: number;
  /** Position of the step in its training; a single step's unless given. */
  readonly context?: StepContext;
}

interface Fractions {
  /** Fraction of this process's images that are in the micro-batch. */
  readonly ofPiece: number;
  /** Fraction of the whole batch's images that are this process's. */
  readonly ofBatch: number;
  readonly context: StepContext;
}

/** The numbers that one step reports. */
export interface StepOutcome {
  readonly loss: number;
  /** The terms of the loss, by name. */
  readonly terms: Record<string, number>;
  /** Images of the batch that the ensemble predicts correctly; a mixed one counts by the fraction of the class it named. */
  readonly correct: number;
  /** Norm of the gradients before clipping; null where nothing is clipped. */
  readonly gradNorm: number | null;
  /** Loss scale for the next step; null when the loss is not scaled. */
  readonly scale: number | null;
}

/** The same numbers on the step's device, where nobody has waited for them. */
export interface ComputedStep {
  /** Names of the loss's terms. */
  readonly names: readonly string[];
  readonly clipped: boolean;
  readonly scaled: boolean;
  /** float32 [2 + terms, one more if clipped, one more if scaled]: correct, loss, its terms, the gradients' norm, the scale. */
  readonly values: Tensor;
}

/** What one micro-batch adds to its step. */
interface Contribution {
  /** Names of the loss's terms. */
  readonly names: readonly string[];
  /** float32 [2 + terms]: correct images; the loss and its terms, weighted by the micro-batch's fraction of the batch. */
  readonly values: Tensor;
}

/** Runs one training step and reads its outcome. Call it in a scope of its own. */
export function trainStep(batch: TrainingBatch, options: StepOptions): StepOutcome {
  return readOutcome(computeStep(batch, options), options.peers);
}

/**
 * Computes one training step: forward, backward, update. Call it in a scope of its own.
 * The gradients of micro-batches add up, each weighted by its fraction of the images, to that of the whole batch's mean
 * loss; the memory for activations is one micro-batch's. Batch norm's statistics and dropout's draws are a micro-batch's
 * own. Of several processes each has a piece of the batch; their gradients, which the last micro-batch's backward
 * reduces, and the step's numbers are those of the whole.
 */
export function computeStep(batch: TrainingBatch, options: StepOptions): ComputedStep {
  const { optimizer, scaler = null, accumulate, peers = ALONE, watch = unwatched } = options;
  const { total = batch.labels.shape[0]!, context = SINGLE_STEP, ...piece } = batch;
  watch("optimizer", () => {
    optimizer.zeroGrad();
  });
  const number = Math.min(accumulate, Math.floor(total / peers.worldSize)); // as many in every process
  const ofBatch = piece.labels.shape[0]! / total;
  const contributions = Array.from(microBatches(piece, number), ({ fraction, ...microBatch }) =>
    addGradients(microBatch, options, { ofPiece: fraction, ofBatch, context }),
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
  batch: Labeled,
  { method, precision, scaler = null, peers = ALONE, reducer = null, watch = unwatched }: StepOptions,
  { ofPiece, ofBatch, context }: Fractions,
): Contribution {
  using _scope = scope();
  const result = watch("forward", () => forward(batch, context, { method, precision }));
  const weighted = result.loss.mul(ofPiece * ofBatch * peers.worldSize); // the reducer takes the processes' mean
  const loss = scaler?.scaled(weighted) ?? weighted;
  if (batch.lastPart) reducer?.prepare([loss]);
  watch("backward", () => {
    loss.backward();
  });
  const names = Object.keys(result.terms);
  return { names, values: keep(contributedValues(result, batch, ofPiece * ofBatch)) };
}

function forward(
  batch: Labeled,
  context: StepContext,
  { method, precision }: Pick<StepOptions, "method" | "precision">,
): StepResult {
  using _autocast = precision === "float32" ? null : autocast(precision, { device: batch.images.device });
  return method.step(batch, context);
}

function contributedValues({ loss, logits, terms }: StepResult, targets: Targets, fraction: number): Tensor {
  using _noGrad = noGrad();
  const ensemble = logits.reduce((sum, expert) => sum.add(expert)); // [N, C]; K times the mean: the same argmax
  const predictions = ensemble.argmax({ dim: 1 });
  const correct = overTargets(targets, (labels) => predictions.eq(labels).sum().to({ dtype: "float32" }));
  const means = [loss, ...Object.values(terms)].map((mean) => mean.to({ dtype: "float32" }).mul(fraction));
  return stack([correct, ...means]);
}

/** Reads everything in one transfer, after the update: a GPU is waited for once a step. */
export function readOutcome(step: ComputedStep, peers: Peers = ALONE): StepOutcome {
  const { names, clipped, scaled, values } = step;
  const own = values.toList();
  const scale = scaled ? own.pop()! : null; // the same in every process, as the next one
  const gradNorm = clipped ? own.pop()! : null;
  const [correct = NaN, loss = NaN, ...terms] = peers.sum(own);
  return {
    loss,
    correct,
    terms: Object.fromEntries(names.map((name, i) => [name, terms[i] ?? NaN])),
    gradNorm,
    scale,
  };
}

export interface MicroBatch extends Labeled {
  /** Fraction of the batch's images that are in it. */
  readonly fraction: number;
}

/**
 * Cuts a batch into micro-batches whose sizes differ by one image at most, or into one for each image where it has fewer.
 * Every view of an image goes into the same one: images [V·N, 3, H, W] are ordered by view, labels are [N].
 */
export function* microBatches(batch: Labeled, atMost: number): Generator<MicroBatch> {
  const { images, labels, mixed } = batch;
  const [total = 0] = labels.shape;
  const views = (images.shape[0] ?? 0) / total;
  const number = Math.min(atMost, total);
  for (let index = 0; index < number; index += 1) {
    const [start, end] = chunkOf(total, { index, of: number });
    const size = end - start;
    const ofViews = Array.from({ length: views }, (_, view) => images.narrow(0, view * total + start, size));
    yield {
      ...batch,
      images: ofViews.length === 1 ? ofViews[0]! : cat(ofViews),
      labels: labels.narrow(0, start, size),
      mixed: mixed ? { ...mixed, labels: mixed.labels.narrow(0, start, size) } : null,
      fraction: size / total,
      lastPart: index === number - 1,
    };
  }
}
