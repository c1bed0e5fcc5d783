/** What runs have learned, to compare them. */
import { join } from "node:path";
import { scope } from "../../src/torch/scope.js";
import { readCheckpoint } from "../../src/training/checkpoint.js";

/** The largest difference between the weights of two runs' last checkpoints. The arguments are the runs' folders. */
export function apart(a: string, b: string): number {
  const [first, second] = [weights(a), weights(b)];
  let most = 0;
  for (const [name, values] of first)
    values.forEach((value, i) => (most = Math.max(most, Math.abs(value - second.get(name)![i]!))));
  return most;
}

function weights(run: string): Map<string, number[]> {
  using _ = scope();
  const { model } = readCheckpoint(join(run, "checkpoints/last.safetensors"));
  return new Map([...model].map(([name, tensor]) => [name, tensor.toList()]));
}
