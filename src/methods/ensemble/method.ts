import type { Targets } from "./cross-entropy.js";
import type { Module } from "../../nn/module.js";
import type { Tensor } from "../../torch/tensor.js";

/** How a view of an image comes about: by the transforms of data.train, or by those of data.secondView. */
export type View = "train" | "second";

/** A training batch as a method gets it. */
export interface Labeled extends Targets {
  /** [V·N, 3, H, W]: the first view of all images, then the second, and so on. */
  readonly images: Tensor;
  /** False for all but the last of the micro-batches that a step's batch is cut into. */
  readonly lastPart?: boolean;
}

/** The classes of a training, in the order of the labels. */
export interface TrainingClasses {
  /** Training images of each class. */
  readonly counts: readonly number[];
  /** Names, for errors. */
  readonly classes: readonly string[];
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

/** First step of a training of one step: the context of a single step outside a training. */
export const SINGLE_STEP: StepContext = { step: 0, epoch: 0, epochs: 1, stepsPerEpoch: 1 };

/** Result of a step's forward half. */
export interface StepResult {
  /** Scalar, float32. */
  readonly loss: Tensor;
  /** Raw, of each expert on the first view, [N, C]. */
  readonly logits: readonly Tensor[];
  /** Scalars whose sum is the loss, by the names that the method's definition gives them. */
  readonly terms: Readonly<Record<string, Tensor>>;
}

/** The processes that share every batch, as far as a method asks for them. */
export interface BatchPeers {
  readonly rank: number;
  readonly worldSize: number;
  /** [n, …] of each process end to end, and where this one's begin. Without gradient. */
  gatherRows(rows: Tensor): { readonly rows: Tensor; readonly start: number };
}

/** What a trained ensemble says of images, without gradient. */
export interface TeacherAnswer {
  /** [N, C]: the ensemble's logits, calibrated where a temperature was fitted; they stand for classes of equal size. */
  readonly logits: Tensor;
  /** [N, D] of each of its experts. */
  readonly features: readonly Tensor[];
}

/** A trained ensemble that a method learns from. */
export interface Teacher {
  /** images [N, 3, H, W], as the training prepares them. */
  answer(images: Tensor): TeacherAnswer;
}

/** A model and its losses, joined into what one training step and one prediction do. The loop knows no method by name. */
export interface Method extends Disposable {
  readonly name: string;
  readonly model: Module;
  /** The V views of each image that a step takes. */
  readonly views: readonly View[];
  /**
   * Called before an epoch's first step, and before the first step after a resume, which may lie in the middle of an epoch.
   * Returns whether the steps from here on compute something else than those before: a recorded CUDA graph is then recorded
   * anew. `epoch` counts from 0.
   */
  onEpochStart?(epoch: number): boolean;
  /** Gives the method the trained run that its definition asks for; called once, before the first step. */
  learnFrom?(teacher: Teacher): void;
  /** The forward half of a training step: loss.backward() and the optimizer are the loop's. */
  step(batch: Labeled, context: StepContext): StepResult;
  /** Raw logits of each expert, [N, C], without gradient; the ensemble's are their mean. Call model.eval() before. */
  predict(images: Tensor): readonly Tensor[];
  /** Frees what the method holds, its model included. */
  [Symbol.dispose](): void;
}
