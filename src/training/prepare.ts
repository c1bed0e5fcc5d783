import { openDataset } from "../data/registry.js";
import type { Dataset } from "../data/dataset.js";
import { Loader } from "../data/loader.js";
import { inOrder } from "../data/samplers/in-order.js";
import { buildSampler } from "../data/samplers/registry.js";
import { classStatistics } from "../data/statistics.js";
import type { ClassStatistics } from "../data/statistics.js";
import { assertContrastiveFits } from "../methods/ncl-contrastive.js";
import { buildMethod } from "../methods/registry.js";
import type { Method } from "../methods/method.js";
import { assertPretrainedThere, loadPretrained } from "../models/pretrained.js";
import { EmaWeights } from "../optim/ema.js";
import { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { manualSeed } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { checkDevice, setDeterministic, setThreads } from "../torch/settings.js";

/** Everything a recipe names, built. */
export interface Prepared extends Disposable {
  readonly recipe: ResolvedRecipe;
  readonly device: string;
  readonly trainData: Dataset;
  readonly testData: Dataset;
  readonly statistics: ClassStatistics;
  readonly method: Method;
  readonly optimizer: Sgd;
  readonly ema: EmaWeights | null;
  readonly trainLoader: Loader;
  readonly testLoader: Loader;
}

/**
 * Sets what holds for the whole process and the run depends on, and returns the device's full name.
 * @throws UsageError for a device that is not there.
 */
export function applySettings(
  recipe: ResolvedRecipe,
  { device, threads }: { device: string; threads: number | undefined },
): string {
  const checked = checkDevice(device);
  if (threads !== undefined) setThreads(threads);
  setDeterministic(recipe.deterministic);
  manualSeed(recipe.seed);
  return checked;
}

/**
 * Opens the data and builds the method, its optimizer and the loaders.
 * @throws UsageError for settings that do not go together.
 */
export async function prepare(recipe: ResolvedRecipe, device: string): Promise<Prepared> {
  assertContrastiveFits(recipe);
  assertPretrainedThere(recipe.pretrained);
  const trainData = await openDataset(recipe.data, "train");
  const testData = await openDataset(recipe.data, "test");
  return build(recipe, { device, trainData, testData });
}

function build(
  recipe: ResolvedRecipe,
  { device, trainData, testData }: Pick<Prepared, "device" | "trainData" | "testData">,
): Prepared {
  using _scope = scope();
  const statistics = classStatistics(trainData);
  const method = buildMethod(recipe, statistics);
  if (recipe.pretrained !== null) loadPretrained(method.model, recipe.pretrained);
  method.model.to({ device, memoryFormat: recipe.memoryFormat }).train();
  const optimizer = new Sgd(method.model.parameters(), recipe.optimizer);
  const ema = recipe.ema === null ? null : new EmaWeights(method.model, recipe.ema);
  const trainLoader = trainingLoader(recipe, { dataset: trainData, views: method.views });
  const testLoader = evaluationLoader(recipe, testData);
  return {
    recipe,
    device,
    trainData,
    testData,
    statistics,
    method,
    optimizer,
    ema,
    trainLoader,
    testLoader,
    [Symbol.dispose]() {
      testLoader[Symbol.dispose]();
      trainLoader[Symbol.dispose]();
      ema?.[Symbol.dispose]();
      optimizer.dispose();
      method.dispose();
    },
  };
}

function trainingLoader(
  { data, seed, epochs, memoryFormat }: ResolvedRecipe,
  { dataset, views }: { dataset: Dataset; views: Method["views"] },
): Loader {
  const second = data.secondView ?? data.train;
  const moreViews = views.slice(1).map((view) => (view === "second" ? second : data.train));
  return new Loader({
    ...data,
    dataset,
    transforms: data.train,
    moreViews,
    sampler: buildSampler(data.sampler, { dataset, seed, epochs }),
    seed,
    memoryFormat,
  });
}

/** Every image once, in order, by the recipe's test transforms. */
export function evaluationLoader(
  { data, evaluation, seed, memoryFormat }: ResolvedRecipe,
  dataset: Dataset,
): Loader {
  return new Loader({
    ...data,
    dataset,
    transforms: data.test,
    batch: evaluation.batch,
    sampler: inOrder(dataset.size),
    dropLast: false,
    seed,
    memoryFormat,
  });
}
