import type { GradientReducer } from "../distributed/gradient-reducer.js";
import type { Method } from "../methods/ensemble/method.js";
import { Ensemble } from "../models/ensemble.js";
import { fitting } from "../models/load-weights.js";
import type { Module } from "../nn/module.js";
import type { EmaWeights } from "../optim/ema.js";
import type { LossScaler } from "../optim/loss-scaler.js";
import type { Optimizer } from "../optim/optimizer.js";
import { UsageError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

/** State of what is trained, part by part, as a checkpoint holds it. */
export interface TraineeState {
  /** By the model's parameter and buffer names. */
  readonly model: Map<string, Tensor>;
  readonly optimizer: Map<string, Tensor>;
  /** Scale of float16's loss; null for other precisions. */
  readonly scaler: Map<string, Tensor> | null;
  /** Moving averages of the weights and their state; null where the run keeps none. */
  readonly ema: Map<string, Tensor> | null;
}

interface TraineeParts {
  readonly method: Method;
  readonly optimizer: Optimizer;
  readonly scaler?: LossScaler | null;
  readonly ema?: EmaWeights | null;
  readonly reducer?: GradientReducer | null;
}

/** What is trained: the method with its model, the optimizer, the loss scaler and the averages. It owns them. */
export class Trainee implements Disposable {
  readonly method: Method;
  readonly optimizer: Optimizer;
  /** For precision float16; null for others. */
  readonly scaler: LossScaler | null;
  readonly ema: EmaWeights | null;
  /** Averages the gradients over the processes; null for a process alone. */
  readonly reducer: GradientReducer | null;

  constructor({ method, optimizer, scaler = null, ema = null, reducer = null }: TraineeParts) {
    this.method = method;
    this.optimizer = optimizer;
    this.scaler = scaler;
    this.ema = ema;
    this.reducer = reducer;
  }

  /** The tensors themselves, not copies; those that are made for this belong to the scope that is open. */
  stateDict(): TraineeState {
    return {
      model: this.method.model.stateDict(),
      optimizer: this.optimizer.stateDict(),
      scaler: this.scaler?.stateDict() ?? null,
      ema: this.ema?.stateDict() ?? null,
    };
  }

  /** @throws CheckpointError that names the file at `path` and the first tensor that does not fit. */
  loadStateDict(state: TraineeState, path: string): void {
    this.loadWeights(state, path);
    loadState(this.optimizer, state.optimizer, path);
    if (this.scaler !== null) loadState(this.scaler, state.scaler ?? new Map<string, Tensor>(), path);
  }

  /** Loads the weights and their averages alone. */
  loadWeights({ model, ema }: Pick<TraineeState, "model" | "ema">, path: string): void {
    loadState(this.method.model, model, path);
    if (this.ema !== null && ema !== null) loadState(this.ema, ema, path);
  }

  /**
   * Copies another trainee's weights, or their averages. The optimizer and the averages start anew, and so do the
   * classifiers where they are reset.
   * @throws UsageError for models that have nothing in common.
   */
  startFrom(
    previous: Trainee,
    { weights, resetClassifier }: { readonly weights: "raw" | "ema"; readonly resetClassifier: boolean },
  ): void {
    using _scope = scope();
    using _averages = weights === "ema" ? previous.ema?.applied() : null;
    const [from, to] = [previous.method.model, this.method.model];
    if (from.constructor === to.constructor) copyModel(from, to, resetClassifier);
    else if (from instanceof Ensemble && to instanceof Ensemble) copyExperts(from, to, resetClassifier);
    else
      throw new UsageError(
        `the network of method ${this.method.name} cannot start from that of method ${previous.method.name}, the phase before`,
      );
    this.ema?.restart();
  }

  [Symbol.dispose](): void {
    this.reducer?.[Symbol.dispose]();
    this.ema?.[Symbol.dispose]();
    this.scaler?.[Symbol.dispose]();
    this.optimizer[Symbol.dispose]();
    this.method[Symbol.dispose]();
  }
}

interface Stateful {
  loadStateDict(state: ReadonlyMap<string, Tensor>): unknown;
}

/** Loads a state that was read from a file; CheckpointError names the file as well. */
export function loadState(into: Stateful, state: ReadonlyMap<string, Tensor>, path: string): void {
  fitting(path, () => {
    into.loadStateDict(state);
  });
}

/** Copies a model of the same kind, tensor by tensor. */
function copyModel(from: Module, to: Module, resetClassifier: boolean): void {
  const classifiers = resetClassifier && to instanceof Ensemble ? to.classifiers : [];
  const kept = new Set(classifiers.flatMap((classifier) => [...classifier.stateDict().values()]));
  const state = from.stateDict();
  for (const [name, own] of to.stateDict()) if (kept.has(own)) state.set(name, own);
  to.loadStateDict(state);
}

/** Copies what ensembles of different kinds have in common. */
function copyExperts(from: Ensemble, to: Ensemble, resetClassifier: boolean): void {
  to.backbones.forEach((backbone, k) => backbone.loadStateDict(from.backbones[k]!.stateDict()));
  if (resetClassifier) return;
  to.classifiers.forEach((classifier, k) => classifier.loadStateDict(from.classifiers[k]!.stateDict()));
}
