import { imagesByClass } from "../data/statistics.js";
import { type Meter, withEnsemble } from "../evaluation/meter.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { SuspectLabel } from "../runs/fit-file.js";
import { scope } from "../torch/scope.js";
import { runMeters } from "../training/evaluate.js";
import {
  featureBatches,
  type FeatureSet,
  selectFeatures,
  trainOnFeatures,
} from "../training/train-on-features.js";

/** Parts that the images are cut into; each is predicted by a classifier that was trained on the others. */
const FOLDS = 3;

/** What classifiers that did not see an image say of it. */
export interface OutOfFold {
  /** Class of each image, [N]; -1 for an image that is the only one of its class. */
  readonly predicted: Int32Array;
  /** Probability of that class, and of the image's label, [N]. */
  readonly confidence: Float32Array;
  readonly ofLabel: Float32Array;
}

/**
 * Predicts every training image by a classifier of the recipe that was trained without it. Each class's images are dealt out to the
 * parts in turn, so that a class with two images or more is always trained on.
 * @throws The signal's reason.
 */
export async function predictOutOfFold(
  recipe: ResolvedRecipe,
  set: FeatureSet,
  signal?: AbortSignal,
): Promise<OutOfFold> {
  const { size, labels, classes } = set.dataset;
  const fold = new Int8Array(size).fill(-1);
  for (const images of imagesByClass(labels, classes.length))
    if (images.length > 1) images.forEach((index, place) => (fold[index] = place % FOLDS));
  const found = {
    predicted: new Int32Array(size).fill(-1),
    confidence: new Float32Array(size),
    ofLabel: new Float32Array(size),
  };
  for (let part = 0; part < FOLDS; part += 1) {
    const indices = [...fold.keys()];
    const without = indices.filter((index) => fold[index] !== part);
    const within = indices.filter((index) => fold[index] === part);
    if (within.length === 0) continue;
    using trainee = await trainOnFeatures(recipe, selectFeatures(set, without), signal);
    using loader = featureBatches(recipe, selectFeatures(set, within));
    await runMeters({ method: trainee.method, loader, meters: [recorder(found, within)], signal });
    signal?.throwIfAborted();
  }
  return found;
}

/** Writes down the ensemble's predictions of images by their places in the whole set. */
function recorder({ predicted, confidence, ofLabel }: OutOfFold, places: readonly number[]): Meter {
  return {
    add({ logits, labels, indices }) {
      using _ = scope();
      const probabilities = withEnsemble(logits).select(0, 0).softmax(1); // [N, C]
      const [highest, top] = probabilities.topk(1, { dim: 1 });
      const own = probabilities.gather(1, labels.unsqueeze(1)).toList();
      const [values, answers] = [highest.toList(), top.toList()];
      indices.forEach((index, i) => {
        const place = places[index]!;
        predicted[place] = answers[i]!;
        confidence[place] = values[i]!;
        ofLabel[place] = own[i]!;
      });
    },
  };
}

/** How far the predicted class's probability must be above the label's. */
const MARGIN = 0.6;

/**
 * Images that look like another class than their label's, the surest first: the other class is at least as probable as it is on
 * average for images that have it as their label. "Confident learning", Journal of Artificial Intelligence Research, 2021.
 */
export function suspects(
  { dataset }: FeatureSet,
  { predicted, confidence, ofLabel }: OutOfFold,
): SuspectLabel[] {
  const { labels, classes } = dataset;
  const sums = new Float64Array(classes.length);
  const seen = new Float64Array(classes.length);
  predicted.forEach((answer, index) => {
    if (answer < 0) return;
    sums[labels[index]!]! += ofLabel[index]!;
    seen[labels[index]!]! += 1;
  });
  const margin = (index: number): number => confidence[index]! - ofLabel[index]!;
  return [...predicted.keys()]
    .filter((index) => {
      const answer = predicted[index]!;
      if (answer < 0 || answer === labels[index]) return false;
      const usual = seen[answer] === 0 ? 1 : sums[answer]! / seen[answer]!;
      return confidence[index]! >= usual && margin(index) >= MARGIN;
    })
    .sort((a, b) => margin(b) - margin(a) || a - b)
    .map((index) => ({
      index,
      path: dataset.describe(index),
      label: classes[labels[index]!]!,
      predicted: classes[predicted[index]!]!,
      confidence: Math.round(1000 * confidence[index]!) / 10,
    }));
}
