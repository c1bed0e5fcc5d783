import { openDataset } from "../data/registry.js";
import { classStatistics } from "../data/statistics.js";
import type { AccuracyMeterOptions } from "../evaluation/accuracy.js";
import type { Method } from "../methods/ensemble/method.js";
import { buildMethod } from "../methods/index.js";
import { Ensemble } from "../models/ensemble.js";
import { withLoraMerged } from "../nn/adapters.js";
import { loadPretrained } from "../models/pretrained.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";
import { withoutDrawing } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { checkDevice } from "../torch/devices.js";
import {
  type Checkpoint,
  type CheckpointDescription,
  checkpointPath,
  readCheckpointOf,
  restoreModel,
  usedWeights,
  type Weights,
  weightsInUse,
} from "./checkpoint.js";
import { phaseAt } from "./phases.js";
import type { WeightsState } from "../runs/calibration-file.js";

type TrainedDescription = Pick<CheckpointDescription, "recipe" | "classes" | "counts" | "trained">;

/** A trained method, rebuilt from its checkpoint alone, in evaluation mode. */
export interface Trained extends Disposable {
  readonly path: string;
  readonly description: TrainedDescription;
  /** Null for weights from a file that does not say it. */
  readonly state: WeightsState | null;
  readonly method: Method;
  readonly device: string;
}

interface LoadOptions {
  /** Device to compute on; "cpu" unless given. */
  readonly device?: string;
}

interface LoadRunOptions extends LoadOptions {
  /** The weights' moving averages or the raw ones; what the recipe says unless given. */
  readonly weights?: Weights | undefined;
  /** Whether LoRA's updates become part of the weights that they change, as other programs want it; false unless given. */
  readonly mergesLora?: boolean;
}

/** Loads RUN|CHECKPOINT. Throws CheckpointError when it is none, is damaged or does not fit the network it names. */
export function loadTrained(
  runOrCheckpoint: string,
  { weights, mergesLora = false, ...options }: LoadRunOptions = {},
): Trained {
  using _scope = scope();
  const checkpoint = readCheckpointOf(runOrCheckpoint);
  const { epoch, step } = checkpoint;
  const state = { epoch, step, weights: weightsInUse(checkpoint, weights) };
  const { recipe } = phaseAt(checkpoint.recipe, checkpoint);
  const model = mergesLora ? mergedWeights(checkpoint, weights) : usedWeights(checkpoint, weights);
  const adapter = mergesLora && recipe.adapter?.kind === "lora" ? null : recipe.adapter;
  return build({ ...checkpoint, recipe, state, adapter }, options, (method) => {
    restoreModel({ path: checkpoint.path, model }, method);
  });
}

/** A checkpoint's weights with LoRA's updates in the weights that they change; AdaptFormer's layers stay. */
export function mergedWeights(checkpoint: Checkpoint, asked?: Weights): Map<string, Tensor> {
  const { adapter } = checkpoint.recipe;
  const weights = usedWeights(checkpoint, asked);
  return adapter?.kind === "lora" ? withLoraMerged(weights, adapter) : weights;
}

/**
 * Loads a file of weights that does not say what network it is for, such as PyTorch's: the recipe says it, and the
 * recipe's training images the classes. Throws CheckpointError that names the first tensor that does not fit.
 */
export async function loadWithRecipe(
  path: string,
  recipe: ResolvedRecipe,
  options: LoadOptions = {},
): Promise<Trained> {
  const file = checkpointPath(path);
  const { classes, counts } = classStatistics(await openDataset(recipe.data, "train"));
  using _scope = scope();
  return build({ path: file, recipe, classes, counts, trained: null, state: null }, options, ({ model }) => {
    loadPretrained(model, { file, load: "all", key: recipe.pretrained?.key ?? null });
  });
}

type Built = TrainedDescription & Pick<Trained, "path" | "state"> & Partial<Pick<ResolvedRecipe, "adapter">>;

function build(
  { path, recipe, classes, counts, trained, state, adapter = recipe.adapter }: Built,
  { device: name = "cpu" }: LoadOptions,
  load: (method: Method) => void,
): Trained {
  const device = checkDevice(name);
  const method = withoutWeights(() => buildMethod({ ...recipe, adapter }, { classes, counts }));
  try {
    load(method);
    method.model.to({ device, memoryFormat: recipe.memoryFormat }).eval();
    if (method.model instanceof Ensemble) method.model.shareEqualBackbones();
  } catch (error) {
    method[Symbol.dispose]();
    throw error;
  }
  return {
    path,
    description: { recipe, classes, counts, trained },
    state,
    method,
    device,
    [Symbol.dispose]() {
      method[Symbol.dispose]();
    },
  };
}

/** The method whose weights are zeros until a file's replace them. */
function withoutWeights(build: () => Method): Method {
  using _ = withoutDrawing();
  return build();
}

/** Options of the meters that a trained method is evaluated with. */
export function accuracyOptions({ description }: Pick<Trained, "description">): AccuracyMeterOptions {
  const { recipe, classes, counts } = description;
  return { classes, counts, experts: recipe.method.experts, groups: recipe.evaluation.groups };
}

/** @throws DataError that names the first class which differs. */
export function assertSameClasses(
  { path, description }: Pick<Trained, "path" | "description">,
  found: readonly string[],
  root: string,
): void {
  const { classes } = description;
  const at = Array.from({ length: Math.max(classes.length, found.length) }).findIndex(
    (_, c) => classes[c] !== found[c],
  );
  if (at === -1) return;
  const name = (of: readonly string[]): string => (of[at] === undefined ? "no such class" : `"${of[at]}"`);
  throw new DataError(
    `${root} has other classes than ${path} was trained on: class ${at} is ${name(found)}, expected ${name(classes)}.`,
  );
}
