/** Values that PyTorch and the reference computed: test/golden, or the folder in LONGTAIL_GOLDEN, laid out alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../../src/torch/safetensors.js";
import { tensor } from "../../src/torch/create.js";
import type { Tensor } from "../../src/torch/tensor.js";
import { Mulberry32 } from "./mulberry32.js";

const folder = process.env["LONGTAIL_GOLDEN"] ?? join(import.meta.dirname, "../golden");

export function goldenPath(file: string): string {
  return join(folder, file);
}

export function goldenJson(name: string): unknown {
  return JSON.parse(readFileSync(goldenPath(`${name}.json`), "utf8"));
}

export function goldenTensors(name: string): ReturnType<typeof readSafetensors> {
  return readSafetensors(goldenPath(`${name}.safetensors`));
}

/** A tensor of uniform numbers, row-major, from the generator. */
export function uniformTensor(
  random: Mulberry32,
  shape: readonly number[],
  low: number,
  high: number,
): Tensor {
  return tensor(random.floats(elements(shape), low, high), { shape });
}

/**
 * The golden runs' start weights, in place. Parameter number k: with two or more axes uniform in ±√(3 · shape[0] / size)
 * from seed + k; otherwise PyTorch's constant start (weights of norms 1, biases 0).
 */
export function rebuildWeights(parameters: readonly (readonly [string, Tensor])[], seed: number): void {
  parameters.forEach(([name, parameter], k) => {
    const { shape } = parameter;
    if (shape.length < 2) {
      parameter.detach().fill_(name.endsWith(".bias") ? 0 : 1);
      return;
    }
    const bound = Math.sqrt((3 * shape[0]!) / elements(shape));
    parameter.detach().copy_(uniformTensor(new Mulberry32(seed + k), shape, -bound, bound));
  });
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
