import { openDataset } from "../data/registry.js";
import type { Dataset } from "../data/dataset.js";
import type { CacheListener } from "../data/cache/report.js";
import { classStatistics, type ClassStatistics } from "../data/statistics.js";
import { GradientReducer } from "../distributed/gradient-reducer.js";
import { ALONE, atWork, type Peers } from "../distributed/peers.js";
import { assertContrastiveFits } from "../methods/ncl-contrastive.js";
import { assertMixFits } from "../methods/mixing.js";
import { buildMethod } from "../methods/registry.js";
import type { Method } from "../methods/method.js";
import { assertPretrainedThere, loadPretrained } from "../models/pretrained.js";
import { synchroniseBatchNorm } from "../nn/batch-norm.js";
import { LossScaler } from "../optim/loss-scaler.js";
import { EmaWeights } from "../optim/ema.js";
import { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { coresHere } from "../support/cores.js";
import type { KernelChoice } from "../torch/native.js";
import { scope } from "../torch/scope.js";
import { checkDevice, setDeterministic, setKernels, setThreads } from "../torch/settings.js";
import { holdOut } from "./held-out.js";
import { openLoaders, type Loaders } from "./loaders.js";
import { seedProcess } from "./distributed/random-states.js";

/** Everything a recipe names, built. */
export interface Prepared extends Loaders {
  readonly recipe: ResolvedRecipe;
  readonly device: string;
  /** All images, before some are held out. */
  readonly data: { readonly train: Dataset; readonly test: Dataset };
  /** What is trained on. */
  readonly trainData: Dataset;
  /** Training images that select an epoch; null where none are held out. */
  readonly heldOut: Dataset | null;
  /** Of all training images, those held out as well: they decide a class's group. */
  readonly statistics: ClassStatistics;
  readonly method: Method;
  readonly optimizer: Sgd;
  /** For precision float16; null for others. */
  readonly scaler: LossScaler | null;
  readonly ema: EmaWeights | null;
  /** The processes that train together. */
  readonly peers: Peers;
  /** Makes their gradients one; null for a process alone. */
  readonly reducer: GradientReducer | null;
}

/** All but the loaders. */
interface Trainee extends Omit<Prepared, keyof Loaders>, Disposable {}

interface Settings {
  readonly device: string;
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly peers?: Peers | undefined;
}

/**
 * Sets what holds for the whole process and the run depends on, and returns the device's full name.
 * @throws UsageError for a device that is not there.
 */
export function applySettings(
  recipe: ResolvedRecipe,
  { device, threads, kernels, peers = ALONE }: Settings,
): string {
  const checked = checkDevice(device);
  const own = threads ?? threadsBeside(peers);
  if (own !== undefined) setThreads(own);
  if (kernels !== undefined) setKernels(kernels);
  setDeterministic(recipe.deterministic);
  seedProcess(recipe.seed, peers);
  return checked;
}

/** Of several processes each has its share of the machine's cores, unless the launcher has said how many threads. */
function threadsBeside({ ranks }: Peers): number | undefined {
  return ranks > 1 && process.env["OMP_NUM_THREADS"] === undefined ? coresHere() : undefined;
}

/**
 * Opens the data and builds the method, its optimizer and the loaders. Filling a cache (data.cache) takes its time:
 * `listener` is told how far it is.
 * @throws UsageError for settings that do not go together.
 */
export async function prepare(
  recipe: ResolvedRecipe,
  device: string,
  { peers = ALONE, ...listener }: CacheListener & { readonly peers?: Peers } = {},
): Promise<Prepared> {
  assertContrastiveFits(recipe);
  assertMixFits(recipe);
  assertPretrainedThere(recipe.pretrained);
  const train = await openDataset(recipe.data, "train");
  const test = await openDataset(recipe.data, "test");
  const trainee = build(recipe, { device, data: { train, test }, peers });
  const close = (): void => trainee[Symbol.dispose]();
  try {
    const { views } = trainee.method;
    const loaders = await atWork(peers, () =>
      openLoaders(recipe, { ...trainee, testData: test, views, shard: peers }, listener),
    );
    const closeAll = (): void => {
      loaders[Symbol.dispose]();
      close();
    };
    return { ...trainee, ...loaders, [Symbol.dispose]: closeAll };
  } catch (error) {
    close();
    throw error;
  }
}

function build(
  recipe: ResolvedRecipe,
  { device, data, peers }: Pick<Prepared, "device" | "data" | "peers">,
): Trainee {
  using _scope = scope();
  const statistics = classStatistics(data.train);
  const { trainData, heldOut } = holdOut(data.train, recipe.selection);
  const method = buildMethod(recipe, classStatistics(trainData), peers);
  if (recipe.pretrained !== null) loadPretrained(method.model, recipe.pretrained);
  method.model.to({ device, memoryFormat: recipe.memoryFormat }).train();
  const { group } = peers;
  if (group !== null && recipe.syncBatchNorm) synchroniseBatchNorm(method.model, group.id);
  const trained = method.model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const reducer = group && new GradientReducer(group, trained);
  const optimizer = new Sgd(method.model.parameters(), recipe.optimizer);
  const scaler = recipe.precision === "float16" ? new LossScaler({ device }) : null;
  const ema = recipe.ema === null ? null : new EmaWeights(method.model, recipe.ema);
  return {
    recipe,
    device,
    data,
    trainData,
    statistics,
    method,
    optimizer,
    scaler,
    ema,
    heldOut,
    peers,
    reducer,
    [Symbol.dispose]() {
      reducer?.[Symbol.dispose]();
      ema?.[Symbol.dispose]();
      scaler?.[Symbol.dispose]();
      optimizer[Symbol.dispose]();
      method[Symbol.dispose]();
    },
  };
}
