import type { CacheListener } from "../data/cache/report.js";
import { classStatistics } from "../data/statistics.js";
import { GradientReducer } from "../distributed/gradient-reducer.js";
import { ALONE, atWork, type Peers } from "../distributed/peers.js";
import type { Method } from "../methods/ensemble/method.js";
import { buildMethod, methodIssues } from "../methods/index.js";
import { learningRateFactors, limitTraining } from "../models/fine-tuning.js";
import { fetchPretrained, loadPretrained, pretrainedFile, pretrainedIssues } from "../models/pretrained.js";
import { Ensemble } from "../models/ensemble.js";
import { adapterIssues } from "../models/registry.js";
import { freezeBatchNorm, synchronizeBatchNorm } from "../nn/batch-norm.js";
import { Adam } from "../optim/adam.js";
import { EmaWeights } from "../optim/ema.js";
import { LossScaler } from "../optim/loss-scaler.js";
import type { Optimizer } from "../optim/optimizer.js";
import { Sgd } from "../optim/sgd.js";
import { assertNoIssues } from "../recipes/faults.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { coresHere } from "../support/cores.js";
import { scope } from "../torch/scope.js";
import { checkDevice } from "../torch/devices.js";
import { setDeterministic, setKernels, setThreads } from "../torch/settings.js";
import { seedProcess } from "./distributed/random-states.js";
import { adjustmentIssues } from "./adjust.js";
import { startFromClassMeans, startsFrom } from "./class-means.js";
import { startFromText, textStartIssues } from "./text-start.js";
import { frozenFeatures } from "./features.js";
import { featureViewsIssues } from "./feature-views.js";
import { weightsProgress } from "./weights-progress.js";
import { type Loaders, openLoaders, openPlainTraining, stepsPerEpochOf } from "./loaders.js";
import { phasesOf, type TrainingPhase } from "./phases.js";
import { type Execution, executionFrom, type RunSettings } from "./settings.js";
import { openTeacher, teacherIssues, type TrainedTeacher } from "./teacher.js";
import { openTrainingData, type TrainingData } from "./training-data.js";
import { Trainee } from "./trainee.js";

/** Everything that a recipe names, or one of its phases, built. */
export interface Training extends Disposable {
  /** The phase's; see TrainingPhase. */
  readonly recipe: ResolvedRecipe;
  readonly phase: TrainingPhase;
  /** Steps of the phases before it. */
  readonly stepsBefore: number;
  readonly device: string;
  readonly execution: Execution;
  /** The processes that train together. */
  readonly peers: Peers;
  readonly data: TrainingData;
  readonly trainee: Trainee;
  readonly loaders: Loaders;
  /** The trained run that the phase's method learns from; null where it learns from the labels alone. */
  readonly teacher: TrainedTeacher | null;
  /** What people should know of the weights to start from: the file's tensors that were left out. */
  readonly notes: readonly string[];
}

/**
 * Sets what holds for the whole process and the run depends on, and returns the device's full name.
 * @throws UsageError for a device that is not there.
 */
export function applySettings(
  recipe: ResolvedRecipe,
  {
    device = "cpu",
    threads,
    kernels,
    peers = ALONE,
  }: Pick<RunSettings, "device" | "threads" | "kernels" | "peers">,
): string {
  const checked = checkDevice(device);
  const own = threads ?? threadsBeside(peers);
  if (own !== undefined) setThreads(own);
  if (kernels !== undefined) setKernels(kernels);
  setDeterministic(recipe.deterministic);
  seedProcess(recipe.seed, peers);
  return checked;
}

/** Several processes divide the machine's cores, unless the launcher has said how many threads each has. */
function threadsBeside({ worldSize }: Peers): number | undefined {
  return worldSize > 1 && process.env["OMP_NUM_THREADS"] === undefined ? coresHere() : undefined;
}

interface PrepareOptions extends CacheListener {
  readonly peers?: Peers;
  /** By default what the environment says. */
  readonly execution?: Execution;
  /** The phase to build; the first one unless given. */
  readonly phase?: TrainingPhase;
}

/**
 * Opens the data and builds the method, its optimizer and the loaders. Filling a cache (data.cache) takes its time:
 * the listener receives its progress.
 * @throws UsageError for settings that do not go together.
 */
export async function prepare(
  recipe: ResolvedRecipe,
  device: string,
  options: PrepareOptions = {},
): Promise<Training> {
  const { peers = ALONE, execution = executionFrom(), phase = phasesOf(recipe)[0]! } = options;
  assertRecipeFits(recipe, null);
  const data = await openTrainingData(recipe, options);
  assertRecipeFits(recipe, data.statistics.classes.length);
  await fetchPretrained(recipe, { onProgress: weightsProgress(options.report) });
  const stepsBefore = phasesOf(recipe)
    .slice(0, phase.index)
    .reduce((sum, one) => sum + stepsOfPhase(one, data), 0);
  const built = { recipe: phase.recipe, phase, stepsBefore, device, execution, peers, data };
  return withLoaders({ ...built, ...(await withTeacher(built)) }, options);
}

/** What a phase trains, and the teacher that it learns from. */
async function withTeacher(
  built: Pick<Training, "recipe" | "phase" | "device" | "peers" | "data">,
): Promise<Pick<Training, "trainee" | "notes" | "teacher">> {
  const { recipe, device, data } = built;
  const { classes, root } = data.train;
  const teacher = await openTeacher(recipe, { device, classes, root });
  try {
    const { trainee, notes } = buildTrainee(built);
    if (teacher !== null) trainee.method.learnFrom?.(teacher);
    return { trainee, notes, teacher };
  } catch (error) {
    teacher?.[Symbol.dispose]();
    throw error;
  }
}

/**
 * Builds the next phase of a training on its weights, the averages where they are evaluated, and disposes of it. The
 * optimizer and the averages start anew.
 */
export async function prepareNext(
  training: Training,
  phase: TrainingPhase,
  listener: CacheListener,
): Promise<Training> {
  const { device, execution, peers, data } = training;
  const stepsBefore = training.stepsBefore + stepsOfPhase(training.phase, data);
  const built = { recipe: phase.recipe, phase, stepsBefore, device, execution, peers, data };
  const { trainee, notes, teacher } = await withTeacher(built);
  trainee.startFrom(training.trainee, {
    weights: training.recipe.evaluation.weights,
    resetClassifier: phase.resetClassifier,
  });
  training[Symbol.dispose]();
  return withLoaders({ ...built, trainee, notes, teacher }, listener);
}

function stepsOfPhase({ recipe }: TrainingPhase, { trainSubset }: TrainingData): number {
  return recipe.epochs * stepsPerEpochOf(recipe, trainSubset);
}

async function withLoaders(
  built: Omit<Training, "loaders" | typeof Symbol.dispose>,
  listener: CacheListener,
): Promise<Training> {
  const { recipe, phase, stepsBefore, trainee, teacher, device, data, peers } = built;
  try {
    const { views } = trainee.method;
    const features = frozenFeatures(built, listener);
    if (phase.index === 0) assertNoIssues(recipe, featureViewsIssues(recipe, features !== null));
    const options = { data, views, device, shard: peers, firstEpoch: phase.start, stepsBefore, features };
    const loaders = await atWork(peers, () => openLoaders(recipe, options, listener));
    if (startsFrom(phase, "text"))
      await startFromText(trainee.method, { recipe, classes: data.train.classes });
    if (startsFrom(phase, "class-means"))
      await atWork(peers, async () => {
        using images = await openPlainTraining(recipe, options, listener);
        await startFromClassMeans(trainee.method, {
          images,
          classes: data.train.classes.length,
          ...listener,
        });
      });
    let isOpen = true;
    return {
      ...built,
      loaders,
      [Symbol.dispose]: () => {
        if (!isOpen) return;
        isOpen = false;
        loaders[Symbol.dispose]();
        trainee[Symbol.dispose]();
        teacher?.[Symbol.dispose]();
      },
    };
  } catch (error) {
    trainee[Symbol.dispose]();
    teacher?.[Symbol.dispose]();
    throw error;
  }
}

/** @throws UsageError for settings that do not go together, in the form of the schema's faults. */
function assertRecipeFits(recipe: ResolvedRecipe, classes: number | null): void {
  assertNoIssues(recipe, [...pretrainedIssues(recipe), ...adapterIssues(recipe), ...textStartIssues(recipe)]);
  const phases = recipe.phases === undefined ? [recipe] : phasesOf(recipe).map((phase) => phase.recipe);
  for (const ofPhase of phases)
    assertNoIssues(ofPhase, [...methodIssues(ofPhase, classes), ...teacherIssues(ofPhase)]);
  assertNoIssues(recipe, adjustmentIssues(phases.at(-1)!));
}

/** Loads weights to start from; returns what is to be said of them. Of published ones it is known what they have besides. */
function startFrom({ model }: Method, pretrained: NonNullable<ResolvedRecipe["pretrained"]>): string[] {
  const notes = loadPretrained(model, pretrainedFile(pretrained));
  return pretrained.weights === null ? notes : [];
}

/** Builds what a phase trains. */
export function buildTrainee({
  recipe,
  phase,
  device,
  data,
  peers,
}: Pick<Training, "recipe" | "phase" | "device" | "peers"> & {
  readonly data: Pick<TrainingData, "trainSubset">;
}): Pick<Training, "trainee" | "notes"> {
  using _scope = scope();
  const method = buildMethod(recipe, classStatistics(data.trainSubset), peers);
  const { pretrained } = recipe;
  const notes = pretrained !== null && phase.startsPretrained ? startFrom(method, pretrained) : [];
  limitTraining(method.model, recipe);
  if (recipe.freezeBatchNorm) freezeBatchNorm(method.model);
  if (recipe.freezeBackbone && recipe.freezeBatchNorm && method.model instanceof Ensemble)
    method.model.shareEqualBackbones();
  method.model.to({ device, memoryFormat: recipe.memoryFormat }).train();
  const { group } = peers;
  if (group !== null && recipe.syncBatchNorm) synchronizeBatchNorm(method.model, group.id);
  const trained = method.model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const trainee = new Trainee({
    method,
    optimizer: buildOptimizer(recipe, method.model),
    scaler: recipe.precision === "float16" ? new LossScaler({ device }) : null,
    ema: recipe.ema === null ? null : new EmaWeights(method.model, recipe.ema),
    reducer: group && new GradientReducer(group, trained),
  });
  return { trainee, notes };
}

function buildOptimizer({ optimizer }: ResolvedRecipe, model: Method["model"]): Optimizer {
  const factors = learningRateFactors(model, optimizer);
  const parameters = model.parameters();
  switch (optimizer.kind) {
    case "sgd":
      return new Sgd(parameters, { ...optimizer, factors });
    case "adam":
      return new Adam(parameters, { ...optimizer, factors });
    case "adamw":
      return new Adam(parameters, { ...optimizer, factors, decoupled: true });
    default:
      return optimizer satisfies never;
  }
}
