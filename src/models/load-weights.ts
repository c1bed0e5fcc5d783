import { extname } from "node:path";
import { CheckpointError } from "../support/errors.js";
import { isPth, readPth } from "../torch/pth/read.js";
import { readSafetensors } from "../torch/safetensors.js";
import { Tensor } from "../torch/tensor.js";

/**
 * Every tensor of a file of weights, by the name that it has there. They belong to the scope that is open. PyTorch's
 * files are known by their content, whatever they are called.
 * @throws CheckpointError when the file cannot be read or is of another kind.
 */
export function loadWeights(path: string): Map<string, Tensor> {
  if (isPth(path)) return stateDictionary(readPth(path), path);
  if (extname(path).toLowerCase() === ".safetensors") return readSafetensors(path).tensors;
  throw new CheckpointError(
    `${path}: expected a file of weights: one that torch.save wrote, or one that ends in .safetensors`,
  );
}

/**
 * The tensors by name of what torch.save saved: the value itself or, in a checkpoint, its "state_dict".
 * @throws CheckpointError when there is none.
 */
export function stateDictionary(saved: unknown, path: string): Map<string, Tensor> {
  const state: unknown = saved instanceof Map && saved.has("state_dict") ? saved.get("state_dict") : saved;
  if (!(state instanceof Map) || state.size === 0)
    throw new CheckpointError(`${path}: expected a state dictionary, found ${describe(state)}`);
  for (const [name, value] of state as Map<unknown, unknown>)
    if (typeof name !== "string" || !(value instanceof Tensor))
      throw new CheckpointError(
        `${path}: expected a state dictionary of tensors, found ${describe(value)} under ${JSON.stringify(name)}`,
      );
  return state as Map<string, Tensor>;
}

/** Runs `load`; what does not fit is reported with the file it is from. */
export function fitting<T>(path: string, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`${path} does not fit this network: ${error.message}`, { cause: error });
  }
}

function describe(value: unknown): string {
  if (value === null) return "None";
  if (value instanceof Map) return value.size === 0 ? "an empty dictionary" : "a dictionary";
  if (Array.isArray(value)) return "a list";
  return value instanceof Tensor ? "a tensor" : `a ${typeof value}`;
}
