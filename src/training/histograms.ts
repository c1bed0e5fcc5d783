import type { Module } from "../nn/module.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { gradients as gradientsOf } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import type { Emit, Histogram, HistogramsEvent } from "../runs/events.js";
import type { Training } from "./prepare.js";

const INTERVALS = 30;

/** The first convolution and the classifier of each expert, by the models' names (models/ensemble.ts). */
const ENDS = /^(backbone\.\d+\.conv1\.weight|classifier(_ce)?\.\d+\..*)$/;

/** Emits histograms of the weights after an epoch, counted from 1, where the recipe wants them (logs.histogramsEvery). */
export function emitHistograms(
  { recipe, trainee }: Pick<Training, "recipe" | "trainee">,
  { epoch, emit }: { readonly epoch: number; readonly emit: Emit },
): void {
  const { histogramsEvery, histogramsOf } = recipe.logs;
  if (histogramsEvery === null || epoch % histogramsEvery !== 0) return;
  emit({ type: "histograms", epoch, ...weightHistograms(trainee.method.model, histogramsOf) });
}

/**
 * Histograms of a model's trained weights and of the gradients that the latest step left, before the next one clears
 * them. Biases and norms are left out: few numbers, which say little.
 */
export function weightHistograms(
  model: Module,
  which: ResolvedRecipe["logs"]["histogramsOf"],
): Pick<HistogramsEvent, "weights" | "gradients"> {
  using _scope = scope();
  const chosen = model.namedParameters().filter(([name, { shape, requiresGrad }]) => {
    return requiresGrad && shape.length > 1 && (which === "all" || ENDS.test(name));
  });
  const found = gradientsOf(chosen.map(([, parameter]) => parameter));
  const weights = chosen.map(([name, parameter]) => [name, histogram(valuesOf(parameter))] as const);
  const gradients = chosen.flatMap(([name], i) => {
    const gradient = found[i];
    return gradient ? [[name, histogram(valuesOf(gradient))] as const] : [];
  });
  return { weights: Object.fromEntries(weights), gradients: Object.fromEntries(gradients) };
}

function valuesOf(tensor: Tensor): Float32Array {
  return tensor.detach().to({ dtype: "float32" }).toArray() as Float32Array;
}

/** Over equal intervals; values that are not finite are left out. */
export function histogram(values: Float32Array): Histogram {
  let [min, max, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumOfSquares += value * value;
  }
  const counts = Array<number>(INTERVALS).fill(0);
  if (min > max) return { min: 0, max: 0, counts, sum, sumOfSquares };
  const scale = max > min ? INTERVALS / (max - min) : 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    counts[Math.min(INTERVALS - 1, Math.floor((value - min) * scale))]! += 1;
  }
  return { min, max, counts, sum, sumOfSquares };
}
