import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Module } from "../nn/module.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { withoutFrozenBiases } from "../models/state-names.js";
import { rename } from "../support/atomic-file.js";
import { CheckpointError, UsageError } from "../support/errors.js";
import { valueAt } from "../support/json.js";
import { setTorchState } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { type Checkpoint, type Progress, readCheckpoint } from "./checkpoint.js";
import { type ReferenceCheckpoint, readReferenceCheckpoint } from "./ncl-checkpoint.js";
import type { Position } from "../runs/events.js";
import { rewindMetrics } from "../runs/metrics.js";
import { extendRun, isExtension } from "./extend.js";
import type { Training } from "./prepare.js";
import { loadState } from "./trainee.js";
import { removeLeftovers } from "../runs/run-claim.js";
import { runFolder, type RunFolder } from "../runs/run-folder.js";
import { differences } from "../runs/stored-recipe.js";
import type { BestEpoch } from "../runs/selection.js";
import { counted, shellQuoted } from "../support/text.js";

/** Where a run starts or resumes. */
export interface ResumePoint {
  readonly progress: Progress;
  /** What people should know: that the newest checkpoint was damaged, for example. */
  readonly warnings: readonly string[];
  /** State of libtorch's generator in each process that the checkpoint knows, in order of rank. */
  readonly randomStates: readonly Uint8Array[];
}

/** Whether there is anything in a run's folder to go on from. */
export function canResume(path: string): boolean {
  return checkpointsOf(runFolder(path)).length > 0;
}

/** The position of the run's newest whole checkpoint. @throws CheckpointError when none is whole. */
export function resumePosition(folder: RunFolder): Position {
  using _scope = scope();
  const { epoch, step } = newestWhole(folder).checkpoint;
  return { epoch, step };
}

/**
 * Loads the run's newest whole checkpoint: weights, averages, velocities and random numbers, so that the steps to come
 * are those of a run that was never interrupted. Its metrics end there as well.
 * @throws CheckpointError when no checkpoint is whole; UsageError when the run's recipe is another one.
 */
export function resume(
  { device, trainee }: Training,
  { recipe, folder }: { readonly recipe: ResolvedRecipe; readonly folder: RunFolder },
): ResumePoint {
  using _scope = scope();
  const { checkpoint, faults } = newestWhole(folder);
  assertSameRecipe(recipe, checkpoint, folder);
  const extension = { recipe, saved: checkpoint.recipe };
  removeLeftovers(folder);
  setAside(folder, checkpoint);
  trainee.loadStateDict(checkpoint, checkpoint.path);
  const randomStates = checkpoint.randomStates.map((state) => state.toArray() as Uint8Array);
  setTorchState(randomStates[0]!, device);
  const { epoch, step, sums, bestOnTest } = checkpoint;
  rewindMetrics(folder.metrics, { epoch, step });
  const { best, warning } = bestToResume(folder.bestCheckpoint, checkpoint);
  const kept = `the checkpoint before it is used, and this one kept as ${basename(folder.damagedCheckpoint)}.`;
  const warnings = [...faults.map((fault) => `${fault}; ${kept}`), ...(warning === null ? [] : [warning])];
  const extended = isExtension(extension) ? extendRun(folder, { ...extension, at: { epoch, step } }) : [];
  return {
    progress: { epoch, step, sums, best, bestOnTest },
    warnings: [...warnings, ...extended],
    randomStates,
  };
}

/** faults: what is wrong with newer ones. */
function newestWhole(folder: RunFolder): { checkpoint: Checkpoint; faults: readonly string[] } {
  const faults: string[] = [];
  for (const path of checkpointsOf(folder)) {
    try {
      return { checkpoint: readCheckpoint(path), faults };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      faults.push(error.message);
    }
  }
  throw new CheckpointError(`${folder.path}: no checkpoint is whole:\n${faults.join("\n")}`);
}

/** Else the next checkpoint would make the damaged one the previous, and until it is written none would be whole. */
function setAside(
  { lastCheckpoint, damagedCheckpoint }: RunFolder,
  { path }: Pick<Checkpoint, "path">,
): void {
  if (path !== lastCheckpoint && existsSync(lastCheckpoint)) rename(lastCheckpoint, damagedCheckpoint);
}

/**
 * The best epoch so far, if its network is there. Where it is not, the choice begins anew with the epoch that is evaluated
 * next: without a warning where the file is of an epoch that is trained again, which will replace it.
 */
function bestToResume(
  path: string,
  { best, epoch }: Pick<Checkpoint, "best" | "epoch">,
): { best: BestEpoch | null; warning: string | null } {
  if (best === null) return { best, warning: null };
  try {
    using _scope = scope();
    const { epoch: found, best: own } = readCheckpoint(path);
    if (found === best.epoch) return { best, warning: null };
    if (found === epoch && own?.epoch === epoch) return { best: own, warning: null }; // evaluated since the checkpoint
    if (found >= epoch) return { best: null, warning: null };
    throw new CheckpointError(
      `${path}: expected the network of epoch ${best.epoch}, found that of epoch ${found}`,
    );
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const lost = `epoch ${best.epoch}, the best so far, cannot be selected any more`;
    return { best: null, warning: `${error.message}; ${lost}: the best of the epochs from here on will be.` };
  }
}

function checkpointsOf({ lastCheckpoint, previousCheckpoint }: RunFolder): string[] {
  return [lastCheckpoint, previousCheckpoint].filter((path) => existsSync(path));
}

function assertSameRecipe(
  recipe: ResolvedRecipe,
  { recipe: saved, path, epoch }: Checkpoint,
  folder: RunFolder,
): void {
  const [difference] = differences(recipe, saved);
  if (difference === undefined) return;
  if (isExtension({ recipe, saved })) {
    if (epoch === saved.epochs) assertExtensible(saved, folder);
    return;
  }
  const text = (of: ResolvedRecipe): string => JSON.stringify(valueAt(of, difference.split(".")));
  throw new UsageError(
    `${folder.path}: its recipe is another one: expected ${difference} to be ${text(saved)} as in ${path}, ` +
      `found ${text(recipe)}. \`longtail train ${shellQuoted(folder.path)} --resume\` goes on with the run's own recipe, and with ${more(saved)}, if these are more, to N epochs.`,
  );
}

/** What makes a run longer. */
function more({ phases }: ResolvedRecipe): string {
  return phases === undefined ? "--set epochs=N" : `--set phases.${phases.length - 1}.epochs=N`;
}

/**
 * Takes up a training of NCL's PyTorch code: loads its weights and its optimizer's velocities, and returns the number
 * of epochs behind it. The rates of the epochs to come are the recipe's, which has to be the
 * same as there; batches and augmentations follow the recipe's seed.
 * @throws CheckpointError when the file holds weights alone or fits another network; UsageError when all epochs of the
 * recipe are done.
 */
export function continueFrom(
  { recipe, trainee }: Pick<Training, "recipe" | "trainee">,
  path: string,
): number {
  using _scope = scope();
  const reference = readReferenceCheckpoint(path);
  const { model, optimizer, epoch } = reference;
  if (optimizer === null || epoch === null)
    throw new CheckpointError(
      `${path} has no ${optimizer === null ? "optimizer" : "epoch"}: nothing to continue; weights alone are for the recipe's key pretrained.`,
    );
  if (epoch >= recipe.epochs)
    throw new UsageError(
      `${path} has ${counted(epoch, "epoch")} behind it, and the recipe ${recipe.epochs} in all: nothing is left to train.`,
    );
  loadState(trainee.method.model, withoutFrozenBiases(model, trainee.method.model.stateDict()), path);
  loadState(trainee.optimizer, velocitiesOf(reference, trainee.method.model), path);
  trainee.ema?.restart(); // the reference keeps no averages
  return epoch;
}

/**
 * The reference's optimizer numbers the parameters that are trained; this one numbers all, in the same order.
 * @throws CheckpointError when the file's training had others frozen.
 */
function velocitiesOf(
  { path, optimizer, trained }: ReferenceCheckpoint,
  model: Module,
): ReadonlyMap<string, Tensor> {
  const numbers = [...model.parameters().entries()].flatMap(([number, { requiresGrad }]) =>
    requiresGrad ? [number] : [],
  );
  if (trained !== numbers.length)
    throw new CheckpointError(
      `${path}: expected an optimizer of ${numbers.length} parameters, which this recipe trains, found one of ${trained}; ` +
        "freezeBackbone and the method have to be those of the file's training",
    );
  return new Map(
    [...(optimizer ?? [])].map(([name, velocity]) => {
      const number = numbers[Number(name.replace("momentum_buffer.", ""))];
      return [`momentum_buffer.${number ?? name}`, velocity];
    }),
  );
}

/** A run whose last step was followed by an adjustment of its weights cannot go on from them. */
function assertExtensible({ adjustment, epochs }: ResolvedRecipe, { path }: RunFolder): void {
  if (adjustment.kind === "none") return;
  throw new UsageError(
    `${path}: expected a run without adjustment to train for more epochs; found adjustment.kind ${adjustment.kind}, which has ` +
      `changed the weights after epoch ${epochs}. Train the recipe anew, with more epochs and another --out.`,
  );
}
