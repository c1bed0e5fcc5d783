import { stateDictionary } from "../models/load-weights.js";
import { withoutWrapper } from "../models/state-names.js";
import { shownValue } from "../support/budget.js";
import { CheckpointError } from "../support/errors.js";
import { sum } from "../support/math.js";
import { readPth } from "../torch/pth/read.js";
import { Tensor } from "../torch/tensor.js";

/** What NCL's PyTorch code saves besides weights; null where a file has no such thing. */
export interface ReferenceCheckpoint {
  readonly path: string;
  /** By parameter and buffer name, without "module.". */
  readonly model: Map<string, Tensor>;
  /** SGD's velocities: "momentum_buffer.N" of trained parameter number N, in the model's order. */
  readonly optimizer: Map<string, Tensor> | null;
  /** Parameters that the optimizer trains: frozen ones have no number. 0 without an optimizer. */
  readonly trained: number;
  /** Of the optimizer, as the scheduler left it. */
  readonly learningRate: number | null;
  /** Whole epochs behind it. */
  readonly epoch: number | null;
  /** The best epoch by accuracy on the validation images, a share of 1. */
  readonly best: { readonly accuracy: number; readonly epoch: number } | null;
}

type Dictionary = ReadonlyMap<unknown, unknown>;
const EMPTY: Dictionary = new Map();

/**
 * Reads a checkpoint of NCL's PyTorch code: { state_dict, optimizer, scheduler, epoch, best_result, best_epoch }. Its
 * tensors belong to the scope that is open. The scheduler's state holds nothing that recipe and epoch do not say.
 * @throws CheckpointError when the file is damaged or holds no state dictionary.
 */
export function readReferenceCheckpoint(path: string): ReferenceCheckpoint {
  const saved = readPth(path);
  const model = withoutWrapper(stateDictionary(saved, { path }));
  const fields = dictionary(saved);
  const optimizer = fields.get("optimizer");
  const accuracy = number(fields.get("best_result"));
  const bestEpoch = number(fields.get("best_epoch"));
  return {
    path,
    model,
    optimizer: optimizer instanceof Map ? velocities(optimizer, path) : null,
    trained: trainedParameters(dictionary(optimizer)),
    learningRate: learningRate(dictionary(optimizer)),
    epoch: number(fields.get("epoch")),
    best: accuracy === null || bestEpoch === null ? null : { accuracy, epoch: bestEpoch },
  };
}

/** torch.optim.SGD's state_dict(): { state: { N: { momentum_buffer } }, param_groups }. */
function velocities(optimizer: Dictionary, path: string): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const [index, state] of dictionary(optimizer.get("state"))) {
    const velocity = dictionary(state).get("momentum_buffer");
    if (velocity === null) continue; // a parameter that never had a gradient
    const number = typeof index === "string" ? index : shownValue(index);
    if (!(velocity instanceof Tensor))
      throw new CheckpointError(
        `${path}: expected the state of torch.optim.SGD, found parameter ${number} without momentum_buffer`,
      );
    found.set(`momentum_buffer.${number}`, velocity);
  }
  return found;
}

/** One group a parameter in the reference. */
function trainedParameters(optimizer: Dictionary): number {
  const groups = optimizer.get("param_groups");
  const sizes = (Array.isArray(groups) ? (groups as unknown[]) : []).map((group) => {
    const parameters = dictionary(group).get("params");
    return Array.isArray(parameters) ? parameters.length : 0;
  });
  return sum(sizes);
}

function learningRate(optimizer: Dictionary): number | null {
  const groups = optimizer.get("param_groups");
  return number(dictionary(Array.isArray(groups) ? (groups as unknown[])[0] : null).get("lr"));
}

function dictionary(value: unknown): Dictionary {
  return value instanceof Map ? value : EMPTY;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
