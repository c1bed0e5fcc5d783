import type { Targets } from "./cross-entropy.js";
import type { Module } from "../../nn/module.js";
import type { Tensor } from "../../torch/tensor.js";

/** How a view of an image comes about: by the transforms of data.train, or by those of data.secondView. */
export type View = "train" | "second";

export interface Labelled extends Targets {
  images: Tensor; // [V·N, 3, H, W]: the first view of all images, then the second, and so on
  lastPart?: boolean; // false for all but the last of the parts that a step's batch is cut into
}

/** Position of a step in its training. Everything counts from 0. */
export interface StepContext {
  /** Step of the whole training; with the seed it decides the random choices of the step. */
  readonly step: number;
  readonly epoch: number;
  /** Epochs of the whole training. */
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** First step of a training of one step: what a single step outside a training is told. */
export const SINGLE_STEP: StepContext = { step: 0, epoch: 0, epochs: 1, stepsPerEpoch: 1 };

export interface StepResult {
  loss: Tensor; // scalar, float32
  logits: readonly Tensor[]; // raw, of each expert on the first view, [N, C]
  parts: Record<string, Tensor>; // scalars whose sum is the loss
}

/** The processes that share every batch, as far as a method asks for them. */
export interface BatchPeers {
  readonly rank: number;
  readonly ranks: number;
  /** [n, …] of each process end to end, and where this one's begin. Without gradient. */
  gatherRows(rows: Tensor): { readonly rows: Tensor; readonly start: number };
}

/** A model and its losses, joined into what one training step and one prediction do. The loop knows no method by name. */
export interface Method extends Disposable {
  readonly name: string;
  readonly model: Module;
  /** The V views of each image that a step takes. */
  readonly views: readonly View[];
  /**
   * Which shares of the classes the raw logits come to stand for: those of the images drawn ("drawn": the loss is on the raw
   * logits), or those divided by the classes' numbers of images ("balanced": it is on balanced logits).
   */
  readonly prior: "drawn" | "balanced";
  /** What a step decides in JavaScript, anew each time, so that it cannot be recorded once; null: nothing. */
  readonly decidesAnew: string | null;
  /**
   * Called before an epoch's first step, and before the first step after a resume, which may lie in the middle of an epoch.
   * Returns whether the steps from here on compute something else than those before: a recorded CUDA graph is then recorded
   * anew. `epoch` counts from 0.
   */
  onEpochStart?(epoch: number): boolean;
  /** The forward half of a training step: loss.backward() and the optimizer are the loop's. */
  step(batch: Labelled, context: StepContext): StepResult;
  /** Raw logits of each expert, [N, C], without gradient; the ensemble's are their mean. Call model.eval() before. */
  predict(images: Tensor): readonly Tensor[];
  /** Frees what the method holds, its model included. */
  [Symbol.dispose](): void;
}
