import { loadImages } from "../data/decode.js";
import { noGrad } from "../torch/autograd.js";
import { stack } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Trained } from "../training/trained.js";

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

/**
 * The most probable classes of each image, in the images' order.
 *
 * @throws DataError that names an image which cannot be read.
 */
export function* predictImages(
  trained: Trained,
  images: readonly string[],
  top: number,
): Generator<ImagePredictions> {
  const { batch } = trained.description.recipe.evaluation;
  for (let start = 0; start < images.length; start += batch) {
    yield* predictBatch(trained, images.slice(start, start + batch), top);
  }
}

function predictBatch(
  { method, device, description }: Trained,
  images: readonly string[],
  top: number,
): ImagePredictions[] {
  using _scope = scope();
  using _noGrad = noGrad();
  const { classes, recipe } = description;
  const { data, memoryFormat } = recipe;
  const pixels = loadImages(images, { ...data, transforms: data.test, memoryFormat });
  const logits = stack(method.predict(pixels.to({ device }))).mean({ dim: [0] }); // [N, C]
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
