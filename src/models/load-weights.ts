import { extname } from "node:path";
import { CheckpointError } from "../support/errors.js";
import { readSafetensors } from "../torch/safetensors.js";
import type { Tensor } from "../torch/tensor.js";

/** How files of tensors are read, by extension. */
const READERS: Record<string, (path: string) => Map<string, Tensor>> = {
  ".safetensors": (path) => readSafetensors(path).tensors,
};

/**
 * Every tensor of a file, by the name that it has there. They belong to the scope that is open.
 * @throws CheckpointError when the file cannot be read or has another extension.
 */
export function loadWeights(path: string): Map<string, Tensor> {
  const read = READERS[extname(path).toLowerCase()];
  if (read === undefined) {
    const known = Object.keys(READERS).join(" or ");
    throw new CheckpointError(`${path}: expected a file of weights that ends in ${known}`);
  }
  return read(path);
}
