import { existsSync, statSync } from "node:fs";
import { averagesOf } from "../optim/ema.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { CheckpointError } from "../support/errors.js";
import { shellQuoted } from "../support/text.js";
import { objectIn } from "../support/json.js";
import { tensor } from "../torch/create.js";
import { isPth } from "../torch/pth/read.js";
import { readSafetensors, writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { runFolder } from "../runs/run-folder.js";
import type { Position } from "../runs/events.js";
import { assertReadableCheckpoint, migrateProgress, RUN_FORMAT } from "../runs/format.js";
import { storedRecipe } from "../runs/stored-recipe.js";
import type { BestEpoch, BestOnTest } from "../runs/selection.js";
import type { Method } from "../methods/ensemble/method.js";
import { loadState, type TraineeState } from "./trainee.js";

const FORMAT = "longtail-checkpoint";

/** Sums over an epoch's images, as a checkpoint in the middle of an epoch keeps them. */
export interface EpochSums {
  readonly images: number;
  /** Correct predictions. */
  readonly correct: number;
  readonly loss: number;
  /** The terms of the loss. */
  readonly terms: Readonly<Record<string, number>>;
}

/** How far a run has come and what it has found so far, besides its weights. */
export interface Progress extends Position {
  /** Of the steps done of the epoch that follows; null at an epoch's end. */
  readonly sums: EpochSums | null;
  /** The best epoch so far, where one is selected. */
  readonly best: BestEpoch | null;
  /** What the reference would report so far, where it is asked for. */
  readonly bestOnTest: BestOnTest | null;
}

/** What a checkpoint says besides its tensors: enough to rebuild the model and to evaluate it by group. */
export interface CheckpointDescription extends Progress {
  readonly recipe: ResolvedRecipe;
  readonly classes: readonly string[];
  /** Training images of each class, those held out as well. */
  readonly counts: readonly number[];
  /** Training images of each class that are trained on; null in checkpoints of earlier versions. */
  readonly trained: readonly number[] | null;
}

export interface Checkpoint extends CheckpointDescription, TraineeState {
  readonly path: string;
  /** libtorch's random state in each process of the training, in order of rank, uint8. */
  readonly randomStates: readonly Tensor[];
}

interface SavedState extends CheckpointDescription {
  readonly state: TraineeState;
  /** Random state of each process, in order of rank. */
  readonly randomStates: readonly Uint8Array[];
}

/**
 * Writes a checkpoint as one safetensors file: `model.*`, `optimizer.*`, `scaler.*`, `ema.*`, `random.torch` (of further processes
 * `random.torch.RANK`), and the description as metadata. It appears whole or not at all, and holds nothing that depends on the time or the machine: equal runs
 * write equal bytes.
 */
export function saveCheckpoint(path: string, { state, randomStates, ...description }: SavedState): void {
  using _scope = scope();
  const { model, optimizer, scaler, ema } = state;
  const tensors = new Map<string, Tensor>([
    ...prefixed("model.", model),
    ...prefixed("optimizer.", optimizer),
    ...(scaler === null ? [] : prefixed("scaler.", scaler)),
    ...(ema === null ? [] : prefixed("ema.", ema)),
    ...randomStates.map((random, rank): [string, Tensor] => [randomName(rank), tensor(random)]),
  ]);
  const { recipe, classes, counts, trained, epoch, step, sums, best, bestOnTest } = description;
  writeSafetensors(path, tensors, {
    format: FORMAT,
    version: String(RUN_FORMAT),
    description: JSON.stringify({ recipe, classes, counts, trained, epoch, step, sums, best, bestOnTest }),
  });
}

/** Reads a checkpoint; its tensors belong to the scope that is open. */
export function readCheckpoint(path: string): Checkpoint {
  if (isPth(path))
    throw new CheckpointError(
      `${path} is a PyTorch file, which does not say what network it is for; name its recipe with --recipe.`,
    );
  const { tensors, metadata } = readSafetensors(path, { needsChecksum: true });
  if (metadata["format"] !== FORMAT)
    throw new CheckpointError(
      `${path} is a safetensors file, but not a checkpoint that longtail train wrote.`,
    );
  assertReadableCheckpoint(metadata["version"], path);
  const randomStates = randomStatesOf(tensors);
  if (randomStates.length === 0) throw new CheckpointError(`${path} lacks random.torch, the random state.`);
  const [scaler, ema] = [withPrefix("scaler.", tensors), withPrefix("ema.", tensors)];
  return {
    ...readStored(path, metadata["description"]),
    path,
    model: withPrefix("model.", tensors),
    optimizer: withPrefix("optimizer.", tensors),
    scaler: scaler.size === 0 ? null : scaler,
    ema: ema.size === 0 ? null : ema,
    randomStates,
  };
}

/** Which of a checkpoint's weights are meant: their moving averages or the weights themselves. */
export type Weights = ResolvedRecipe["evaluation"]["weights"];

/**
 * The weights to use, by the model's names: the ones asked for; else the averages, unless there are none or the recipe
 * evaluates the raw weights.
 * @throws CheckpointError when averages are asked for and there are none.
 */
export function usedWeights({ path, recipe, model, ema }: Checkpoint, asked?: Weights): Map<string, Tensor> {
  if (asked === "ema" && ema === null)
    throw new CheckpointError(`${path} holds no moving averages: its recipe's key ema is null.`);
  return weightsInUse({ recipe, ema }, asked) === "ema" ? averagesOf(ema!) : model;
}

/** Which weights `usedWeights` takes. */
export function weightsInUse({ recipe, ema }: Pick<Checkpoint, "recipe" | "ema">, asked?: Weights): Weights {
  return ema === null ? "raw" : (asked ?? recipe.evaluation.weights);
}

/**
 * The checkpoint that RUN|CHECKPOINT on the command line means: a run's folder stands for the one that was selected, or
 * the last where none was.
 */
export function checkpointPath(runOrCheckpoint: string): string {
  if (!existsSync(runOrCheckpoint))
    throw new CheckpointError(
      `${runOrCheckpoint} does not exist; expected a run's folder or a checkpoint file.`,
    );
  if (!statSync(runOrCheckpoint).isDirectory()) return runOrCheckpoint;
  const { bestCheckpoint, lastCheckpoint, previousCheckpoint } = runFolder(runOrCheckpoint);
  const found = [bestCheckpoint, lastCheckpoint, previousCheckpoint].find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new CheckpointError(`${runOrCheckpoint} holds no checkpoint; expected ${lastCheckpoint}.`);
}

/**
 * Reads the checkpoint that RUN|CHECKPOINT on the command line means.
 * @throws CheckpointError; of a run's damaged one it names the checkpoint before it, where that is there.
 */
export function readCheckpointOf(runOrCheckpoint: string): Checkpoint {
  const path = checkpointPath(runOrCheckpoint);
  try {
    return readCheckpoint(path);
  } catch (error) {
    const { previousCheckpoint } = runFolder(runOrCheckpoint);
    const isOther = path !== previousCheckpoint && existsSync(previousCheckpoint);
    if (!(error instanceof CheckpointError) || !isOther) throw error;
    throw new CheckpointError(
      `${error.message}; ${previousCheckpoint} is the one before: give it in place of the run, or \`longtail train ${shellQuoted(runOrCheckpoint)} ` +
        "--resume` goes on from it.",
      { cause: error },
    );
  }
}

/** Copies a checkpoint's weights into a method of the same architecture; CheckpointError names the first that differs. */
export function restoreModel({ path, model }: Pick<Checkpoint, "path" | "model">, method: Method): void {
  loadState(method.model, model, path);
}

function readStored(path: string, text = ""): CheckpointDescription {
  const description = objectIn(text);
  if (description === null)
    throw new CheckpointError(`${path}: expected its description as JSON, found ${shortened(text)}`);
  const { recipe, ...rest } = migrateProgress(description);
  return {
    ...(rest as unknown as Omit<CheckpointDescription, "recipe">),
    recipe: storedRecipe(recipe, path),
  };
}

function shortened(text: string): string {
  return text === "" ? "none" : JSON.stringify(text.slice(0, 60));
}

function randomName(rank: number): string {
  return rank === 0 ? "random.torch" : `random.torch.${rank}`;
}

function randomStatesOf(tensors: ReadonlyMap<string, Tensor>): Tensor[] {
  const states: Tensor[] = [];
  for (let state = tensors.get(randomName(0)); state; state = tensors.get(randomName(states.length)))
    states.push(state);
  return states;
}

function prefixed(prefix: string, tensors: Map<string, Tensor>): [string, Tensor][] {
  return [...tensors].map(([name, value]) => [prefix + name, value]);
}

function withPrefix(prefix: string, tensors: Map<string, Tensor>): Map<string, Tensor> {
  const found = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(found.map(([name, value]) => [name.slice(prefix.length), value]));
}
