import { openLoader } from "../data/cache/open-loader.js";
import type { CacheListener } from "../data/cache/report.js";
import type { Dataset } from "../data/dataset.js";
import { FeatureBatches } from "../data/features/feature-batches.js";
import { type BatchSource, countSteps, type LoaderOptions } from "../data/loader/loader.js";
import type { Shard } from "../data/loader/epoch-plan.js";
import { inOrder } from "../data/samplers/sampler.js";
import { buildSampler } from "../data/samplers/registry.js";
import { stratifiedSplit } from "../data/split.js";
import { subset } from "../data/subset.js";
import type { Method } from "../methods/ensemble/method.js";
import { assertNoIssues } from "../recipes/faults.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";
import type { FrozenFeatures } from "./features.js";
import { viewsOf } from "./feature-views.js";

type Pipelines = ReturnType<typeof viewsOf>;

/** The loaders of a training's batches. */
export interface Loaders extends Disposable {
  readonly train: BatchSource;
  readonly test: BatchSource;
  /** Loads the training images held out to select an epoch; null where none are. */
  readonly heldOut: BatchSource | null;
  /** Throws where the batches do not fit the network's weights as they are now; null where they fit any. */
  readonly assertCurrent: (() => void) | null;
}

interface LoadersOptions {
  readonly data: {
    readonly trainSubset: Dataset;
    readonly test: Dataset;
    readonly heldOut: Dataset | null;
  };
  readonly views: Method["views"];
  readonly device: string;
  /** The piece of each batch that this process makes. */
  readonly shard: Shard;
  /** Epochs of the run before the recipe's first one, and their steps; none unless given. */
  readonly firstEpoch?: number;
  readonly stepsBefore?: number;
  /** What a frozen network makes of the images, to be batched in their place. */
  readonly features?: FrozenFeatures | null;
}

/** Opens the loaders, each with its cache where the recipe has one. */
export async function openLoaders(
  recipe: ResolvedRecipe,
  { data, views, device, shard, firstEpoch = 0, stepsBefore = 0, features = null }: LoadersOptions,
  listener: CacheListener,
): Promise<Loaders> {
  const { trainSubset, test, heldOut } = data;
  const run = { firstEpoch, stepsBefore };
  const training = {
    ...trainingBatches(recipe, { dataset: trainSubset, views, device, firstEpoch }),
    ...run,
  };
  assertImageForEach(recipe, training, shard);
  const opened: BatchSource[] = [];
  const open = async (options: LoaderOptions, views?: Pipelines): Promise<BatchSource> => {
    const source = await openSource({ ...options, shard }, { recipe, features, listener, views });
    opened.push(source);
    return source;
  };
  const close = (): void => {
    for (const loader of opened) loader[Symbol.dispose]();
  };
  try {
    return {
      train: await open(training, viewsOf(recipe)),
      test: await open(evaluationBatches(recipe, test, device)),
      heldOut: heldOut && (await open(evaluationBatches(recipe, heldOut, device))),
      assertCurrent:
        features &&
        (() => {
          features.assertCurrent();
        }),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The training images in order, prepared like test images: all of them in every process. */
export function openPlainTraining(
  recipe: ResolvedRecipe,
  { data, device, features = null }: Pick<LoadersOptions, "data" | "device" | "features">,
  listener: CacheListener,
): Promise<BatchSource> {
  return openSource(plainBatches(recipe, data.trainSubset, device), { recipe, features, listener });
}

interface SourceOptions {
  readonly recipe: ResolvedRecipe;
  readonly features: FrozenFeatures | null;
  readonly listener: CacheListener;
  /** What features are computed after; the loader's transforms unless given. */
  readonly views?: Pipelines | undefined;
}

/** A loader of images, or of the features that stand for them. */
async function openSource(
  options: LoaderOptions,
  { recipe, features, listener, views }: SourceOptions,
): Promise<BatchSource> {
  const { dataset, transforms } = options;
  if (features === null) return openLoader(options, { ...recipe.data, ...listener });
  return new FeatureBatches(options, await features.ofViews(dataset, views ?? [transforms]));
}

/** @throws UsageError when an epoch's last batch has no image for some of the processes. */
function assertImageForEach(
  recipe: ResolvedRecipe,
  { sampler, batch, dropLast }: LoaderOptions,
  { worldSize }: Shard,
): void {
  const last = sampler.size % batch;
  const key = "data.batch";
  if (batch < worldSize)
    assertNoIssues(recipe, [{ key, expected: `an image for each of the ${worldSize} processes` }]);
  if (dropLast || last === 0 || last >= worldSize) return;
  assertNoIssues(recipe, [
    {
      key,
      expected: `an image for each of the ${worldSize} processes in every batch`,
      found: `${last} in an epoch's last one (${sampler.size} images in batches of ${batch})`,
      remedy: "take another data.batch, or leave that one out with data.dropLast=true",
    },
  ]);
}

/** Batches that a recipe trains on, as its sampler draws them. */
export function trainingBatches(
  { data, seed, epochs, memoryFormat }: ResolvedRecipe,
  {
    dataset,
    views,
    device,
    firstEpoch,
  }: { dataset: Dataset; views: Method["views"]; device: string; firstEpoch: number },
): LoaderOptions {
  const second = data.secondView ?? data.train;
  const moreViews = views.slice(1).map((view) => (view === "second" ? second : data.train));
  const sampler = buildSampler(data.sampler, { dataset, seed, epochs, firstEpoch });
  return { ...data, dataset, transforms: data.train, moreViews, sampler, seed, memoryFormat, device, epochs };
}

/** Steps of an epoch of a recipe or a phase on these images. */
export function stepsPerEpochOf({ data, seed, epochs }: ResolvedRecipe, dataset: Dataset): number {
  return countSteps(buildSampler(data.sampler, { dataset, seed, epochs }).size, data);
}

const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"] as const;

/** Every image once, in order, as evaluations see it: by the recipe's test transforms, or as five crops, a view each. */
export function evaluationBatches(recipe: ResolvedRecipe, dataset: Dataset, device: string): LoaderOptions {
  const plain = plainBatches(recipe, dataset, device);
  const { fiveCrops } = recipe.evaluation;
  if (fiveCrops === null) return plain;
  const { imageSize } = recipe.data;
  const resize = { kind: "resize", ...fiveCrops } as const;
  const corners = CORNERS.map((corner) => [
    resize,
    { kind: "corner-crop", size: imageSize, corner } as const,
  ]);
  const middle = [resize, { kind: "center-crop", size: imageSize } as const];
  return { ...plain, transforms: middle, moreViews: corners };
}

/** Every image once, in order, by the recipe's test transforms. */
function plainBatches(
  { data, evaluation, seed, memoryFormat }: ResolvedRecipe,
  dataset: Dataset,
  device: string,
): LoaderOptions {
  return {
    ...data,
    dataset,
    transforms: data.test,
    mix: null,
    batch: evaluation.batch,
    sampler: inOrder(dataset.size),
    dropLast: false,
    seed,
    memoryFormat,
    device,
  };
}

/**
 * Splits the training images into those that are trained on and those held out to select an epoch, the same ones whenever
 * it is asked.
 * @throws DataError when the fraction leaves no image to select by.
 */
export function splitHeldOut(
  train: Dataset,
  selection: ResolvedRecipe["selection"],
): { trainSubset: Dataset; heldOut: Dataset | null } {
  if (selection.kind !== "held-out") return { trainSubset: train, heldOut: null };
  const { fraction, seed } = selection;
  const { kept, taken } = stratifiedSplit(train, { portion: { fraction }, seed });
  if (taken.length === 0)
    throw new DataError(
      `${train.root}: its classes are too small to hold out ${fraction} of their images (selection.fraction); ` +
        "take a larger fraction, or --select last, which needs none.",
    );
  return { trainSubset: subset(train, kept), heldOut: subset(train, taken) };
}
