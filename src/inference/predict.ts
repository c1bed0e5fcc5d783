import { loadImages } from "../data/loader/decode.js";
import { noGrad } from "../torch/autograd.js";
import type { Temperature } from "../evaluation/analysis.js";
import { groupOf } from "../data/groups.js";
import { scaleLogits } from "../evaluation/temperature/scale.js";
import { stack } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Trained } from "./trained.js";

export interface Prediction {
  readonly class: string;
  /** From 0 to 1: softmax of the mean of the experts' logits. */
  readonly probability: number;
}

export interface ImagePredictions {
  readonly image: string;
  /** Most probable first. */
  readonly predictions: readonly Prediction[];
}

export interface PredictOptions {
  /** How many classes. */
  readonly top: number;
  /** What the logits are divided by; null: nothing. */
  readonly temperature: Temperature | null;
}

/**
 * The most probable classes of each image, in the images' order.
 *
 * @throws DataError that names an image which cannot be read.
 */
export function* predictImages(
  trained: Trained,
  images: readonly string[],
  options: PredictOptions,
): Generator<ImagePredictions> {
  const { batch } = trained.description.recipe.evaluation;
  for (let start = 0; start < images.length; start += batch) {
    yield* predictBatch(trained, images.slice(start, start + batch), options);
  }
}

function predictBatch(
  { method, device, description }: Trained,
  images: readonly string[],
  { top, temperature }: PredictOptions,
): ImagePredictions[] {
  using _scope = scope();
  using _noGrad = noGrad();
  const { classes, counts, recipe } = description;
  const { data, memoryFormat } = recipe;
  const pixels = loadImages(images, { ...data, transforms: data.test, memoryFormat });
  const raw = method.predict(pixels.to({ device }));
  const groupOfClass = groupOf(counts, recipe.evaluation.groups);
  const scaled = temperature === null ? raw : scaleLogits(raw, temperature, groupOfClass);
  const logits = stack(scaled).mean({ dim: [0] }); // [N, C]
  const k = Math.min(top, classes.length);
  const [values, indices] = logits.softmax(1).topk(k, { dim: 1 });
  const probabilities = values.toList();
  const labels = indices.toList();
  return images.map((image, n) => ({
    image,
    predictions: labels.slice(n * k, (n + 1) * k).map((label, place) => ({
      class: classes[label] ?? "",
      probability: probabilities[n * k + place] ?? 0,
    })),
  }));
}
