import type { BatchSource } from "../data/loader/loader.js";
import type { Method } from "../methods/ensemble/method.js";
import { Ensemble } from "../models/ensemble.js";
import { CosineClassifier } from "../models/registry.js";
import { normalize } from "../nn/functional.js";
import { noGrad } from "../torch/autograd.js";
import { zeros } from "../torch/create.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import { eachBatch } from "./each-batch.js";
import type { TrainingPhase } from "./phases.js";

/** Whether the classifiers of a phase begin as class means or texts: those of the first phase, and new ones. */
export function startsFrom(
  { index, resetClassifier, recipe: { classifier } }: TrainingPhase,
  start: "class-means" | "text",
): boolean {
  const isNew = index === 0 || resetClassifier;
  return isNew && classifier.kind === "cosine" && classifier.start === start;
}

interface ClassMeansOptions {
  /** Every training image once. */
  readonly images: BatchSource;
  /** How many there are. */
  readonly classes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sets each class's row of the cosine classifiers to the mean of its images' features, of length 1: what LIFT calls class-mean
 * initialization (Shi et al., ICML 2024).
 * @throws The signal's reason.
 */
export async function startFromClassMeans(
  { model }: Pick<Method, "model">,
  { images, classes, signal }: ClassMeansOptions,
): Promise<void> {
  if (!(model instanceof Ensemble)) return;
  const rows = model.classifiers.flatMap((layer) =>
    layer instanceof CosineClassifier ? [layer.weight] : [],
  );
  const sums = rows.map(({ shape, device }) => keepForever(zeros(shape, { device })));
  try {
    await eachBatch(model, { images, signal }, (batch) => {
      const ofClass = batch.labels.oneHot({ numClasses: classes }).to({ dtype: "float32" }).t(); // [C, N]
      model.features(batch.images).forEach((features, k) => {
        sums[k]!.add_(ofClass.matmul(features));
      });
    });
    using _scope = scope();
    using _noGrad = noGrad();
    rows.forEach((row, k) => row.copy_(normalize(sums[k]!, 1)));
  } finally {
    dispose(...sums);
  }
}
