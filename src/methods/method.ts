import type { Module } from "../nn/module.js";
import type { Tensor } from "../torch/tensor.js";

export interface Labelled {
  images: Tensor; // [N, 3, H, W]
  labels: Tensor; // int64 [N]
}

export interface StepResult {
  loss: Tensor; // scalar, float32
  logits: readonly Tensor[]; // raw, of each expert, [N, C]
  parts: Record<string, Tensor>; // scalars whose sum is the loss
}

/** A model and its losses, joined into what one training step and one prediction do. The loop knows no method by name. */
export interface Method {
  readonly name: string;
  readonly model: Module;
  /** The forward half of a training step: loss.backward() and the optimizer are the loop's. */
  step(batch: Labelled): StepResult;
  /** Raw logits of each expert, [N, C], without gradient; the ensemble's are their mean. Call model.eval() before. */
  predict(images: Tensor): readonly Tensor[];
  /** Frees what the method holds, its model included. */
  dispose(): void;
}
