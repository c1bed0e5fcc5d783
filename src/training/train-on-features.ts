import { setImmediate } from "node:timers/promises";
import type { CacheListener } from "../data/cache/report.js";
import type { Dataset } from "../data/dataset.js";
import { FeatureBatches } from "../data/features/feature-batches.js";
import { subset } from "../data/subset.js";
import { ALONE } from "../distributed/peers.js";
import { fetchPretrained } from "../models/pretrained.js";
import type { ResolvedRecipe, TransformSpec } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";
import { adjust } from "./adjust.js";
import { startFromClassMeans, startsFrom } from "./class-means.js";
import { frozenFeatures } from "./features.js";
import { viewsOf } from "./feature-views.js";
import { evaluationBatches, trainingBatches } from "./loaders.js";
import { phasesOf, type TrainingPhase } from "./phases.js";
import { buildTrainee } from "./prepare.js";
import { executionFrom } from "./settings.js";
import { openExecutor, Steps } from "./steps.js";
import type { Trainee } from "./trainee.js";
import { weightsProgress } from "./weights-progress.js";
import { openTrainingData, type TrainingData } from "./training-data.js";

/** Images by what a frozen network makes of them. */
export interface FeatureSet {
  readonly dataset: Dataset;
  /** [images · features], in the order of the dataset. */
  readonly features: Float32Array;
  /** The same of further views of the images (featureViews), to train on; none unless given. */
  readonly moreViews?: readonly Float32Array[];
}

const BUILD = { device: "cpu", peers: ALONE } as const;

/** The images of a recipe's training by what its frozen network makes of them. */
export interface FeatureSets {
  readonly data: TrainingData;
  readonly train: FeatureSet;
  readonly test: FeatureSet;
  /** Of a validation folder; null where there is none. */
  readonly validation: FeatureSet | null;
}

/**
 * Computes the features of a recipe's images, or takes them from the cache. The recipe's backbone is frozen, batch norm's
 * statistics too, and its transforms are the same every time.
 * @throws What preparing a training throws; the signal's reason.
 */
export async function openFeatureSets(recipe: ResolvedRecipe, listener: CacheListener): Promise<FeatureSets> {
  const [phase] = phasesOf({ ...recipe, selection: { kind: "last" } }) as [TrainingPhase];
  const data = await openTrainingData(phase.recipe, listener);
  await fetchPretrained(recipe, { onProgress: weightsProgress(listener.report) });
  const built = { ...BUILD, recipe: phase.recipe, phase, data };
  using trainee = buildTrainee(built).trainee;
  const frozen = frozenFeatures({ ...built, trainee }, listener);
  if (frozen === null)
    throw new UsageError(
      "expected a recipe whose backbone is frozen, with batch norm's statistics, and whose transforms are fixed",
    );
  const setOf = async (dataset: Dataset, transforms: readonly TransformSpec[]): Promise<FeatureSet> => ({
    dataset,
    features: await frozen.of(dataset, transforms),
  });
  const { test } = recipe.data;
  const [features, ...moreViews] = await frozen.ofViews(data.train, viewsOf(recipe));
  return {
    data,
    train: { dataset: data.train, features: features!, moreViews },
    test: await setOf(data.test, test),
    validation: data.validation && (await setOf(data.validation, test)),
  };
}

/** Images of a feature set by their places. */
export function selectFeatures(
  { dataset, features, moreViews = [] }: FeatureSet,
  indices: readonly number[],
): FeatureSet {
  const size = features.length / dataset.size;
  const rowsOf = (view: Float32Array): Float32Array => {
    const chosen = new Float32Array(indices.length * size);
    indices.forEach((index, i) => {
      chosen.set(view.subarray(index * size, (index + 1) * size), i * size);
    });
    return chosen;
  };
  return { dataset: subset(dataset, indices), features: rowsOf(features), moreViews: moreViews.map(rowsOf) };
}

/** A feature set in order, in batches, to evaluate on. */
export function featureBatches(recipe: ResolvedRecipe, { dataset, features }: FeatureSet): FeatureBatches {
  return new FeatureBatches(evaluationBatches(recipe, dataset, BUILD.device), [features]);
}

/** Steps between two turns of the event loop. */
const PIECE = 16;

/**
 * Trains a recipe's classifiers in memory, on features: no folder, no events, and the same classifiers as those of a run of the
 * recipe on these images. The backbones are not the pretrained ones, and not drawn either; nothing but the classifiers is of use.
 * The caller disposes of the result.
 *
 * @throws DataError for a class without images; the signal's reason.
 */
export async function trainOnFeatures(
  recipe: ResolvedRecipe,
  set: FeatureSet,
  signal?: AbortSignal,
): Promise<Trainee> {
  let trainee: Trainee | null = null;
  let stepsBefore = 0;
  try {
    for (const phase of phasesOf(recipe)) {
      const next = buildTrainee({
        ...BUILD,
        recipe: phase.recipe,
        phase: { ...phase, startsPretrained: false }, // nothing looks at the backbones
        data: { trainSubset: set.dataset },
      });
      const { weights } = recipe.evaluation;
      if (trainee !== null)
        next.trainee.startFrom(trainee, { weights, resetClassifier: phase.resetClassifier });
      trainee?.[Symbol.dispose]();
      trainee = next.trainee;
      stepsBefore += await trainPhase(phase, { ...set, trainee, stepsBefore, signal });
    }
    await adjustOnFeatures(trainee!, recipe, { ...set, signal });
    return trainee!;
  } catch (error) {
    trainee?.[Symbol.dispose]();
    throw error;
  }
}

/** Adjusts classifiers as the recipe says, on the images that they were trained on. @throws The signal's reason. */
export function adjustOnFeatures(
  { method }: Pick<Trainee, "method">,
  recipe: ResolvedRecipe,
  { signal, ...set }: FeatureSet & { readonly signal: AbortSignal | undefined },
): Promise<void> {
  return adjust(method, recipe, { dataset: set.dataset, open: () => featureBatches(recipe, set), signal });
}

interface PhaseOptions extends FeatureSet {
  readonly trainee: Trainee;
  readonly stepsBefore: number;
  readonly signal: AbortSignal | undefined;
}

/** Returns the number of its steps. */
async function trainPhase(
  phase: TrainingPhase,
  { trainee, dataset, features, moreViews = [], stepsBefore, signal }: PhaseOptions,
): Promise<number> {
  const { recipe, start, end } = phase;
  const { method } = trainee;
  if (startsFrom(phase, "class-means")) {
    using images = featureBatches(recipe, { dataset, features });
    await startFromClassMeans(method, { images, classes: dataset.classes.length, signal });
  }
  const batches = trainingBatches(recipe, {
    dataset,
    views: method.views,
    device: BUILD.device,
    firstEpoch: start,
  });
  using train = new FeatureBatches(batches, [features, ...moreViews]);
  const training = {
    ...BUILD,
    recipe,
    phase,
    stepsBefore,
    trainee,
    loaders: { train },
    execution: executionFrom(),
  };
  using executor = openExecutor(training);
  using steps = new Steps(training, { executor, from: { epoch: start, step: 0 }, epochs: end - start });
  let done = 0;
  for (const _step of steps) {
    done += 1;
    if (done % PIECE === 0) await setImmediate(); // signal handlers run only when the event loop gets a turn
    signal?.throwIfAborted();
  }
  return done;
}
