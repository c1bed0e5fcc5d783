import { openLoader } from "../data/cache/open-loader.js";
import type { CacheListener } from "../data/cache/report.js";
import type { Dataset } from "../data/dataset.js";
import type { Loader, LoaderOptions } from "../data/loader/loader.js";
import type { Shard } from "../data/loader/epoch-plan.js";
import { inOrder } from "../data/samplers/in-order.js";
import { buildSampler } from "../data/samplers/registry.js";
import type { Method } from "../methods/method.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";

/** Where a training's batches come from. */
export interface Loaders extends Disposable {
  readonly trainLoader: Loader;
  readonly testLoader: Loader;
  /** Of the training images held out to select an epoch; null where none are. */
  readonly heldOutLoader: Loader | null;
}

/** Opens the loaders, each with its cache where the recipe has one. */
export async function openLoaders(
  recipe: ResolvedRecipe,
  parts: {
    trainData: Dataset;
    testData: Dataset;
    heldOut: Dataset | null;
    views: Method["views"];
    device: string;
    /** Which part of each batch this process makes. */
    shard: Shard;
  },
  listener: CacheListener,
): Promise<Loaders> {
  const { trainData, testData, heldOut, views, device, shard } = parts;
  const training = trainingBatches(recipe, { dataset: trainData, views, device });
  assertImageForEach(training, shard);
  const opened: Loader[] = [];
  const open = async (options: LoaderOptions): Promise<Loader> => {
    const loader = await openLoader({ ...options, shard }, { ...recipe.data, ...listener });
    opened.push(loader);
    return loader;
  };
  const close = (): void => {
    for (const loader of opened) loader[Symbol.dispose]();
  };
  try {
    return {
      trainLoader: await open(training),
      testLoader: await open(evaluationBatches(recipe, testData, device)),
      heldOutLoader: heldOut && (await open(evaluationBatches(recipe, heldOut, device))),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** @throws UsageError when an epoch's last batch has no image for some of the processes. */
function assertImageForEach({ sampler, batch, dropLast }: LoaderOptions, { ranks }: Shard): void {
  const last = sampler.size % batch;
  if (dropLast || last === 0 || last >= ranks) return;
  throw new UsageError(
    `data.batch: expected an image for each of the ${ranks} processes in every batch; an epoch's last one would have ${last} ` +
      `(${sampler.size} images in batches of ${batch}). Take another data.batch, or leave that one out with data.dropLast=true.`,
  );
}

function trainingBatches(
  { data, seed, epochs, memoryFormat }: ResolvedRecipe,
  { dataset, views, device }: { dataset: Dataset; views: Method["views"]; device: string },
): LoaderOptions {
  const second = data.secondView ?? data.train;
  const moreViews = views.slice(1).map((view) => (view === "second" ? second : data.train));
  const sampler = buildSampler(data.sampler, { dataset, seed, epochs });
  return { ...data, dataset, transforms: data.train, moreViews, sampler, seed, memoryFormat, device };
}

/** Every image once, in order, by the recipe's test transforms. */
export function evaluationBatches(
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
