import { openDataset } from "../data/registry.js";
import { AccuracyMeter } from "../evaluation/accuracy.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { Method } from "../methods/method.js";
import { buildMethod } from "../methods/registry.js";
import { CheckpointError, DataError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import { checkDevice } from "../torch/settings.js";
import { checkpointPath, readCheckpoint } from "./checkpoint.js";
import type { Checkpoint, CheckpointDescription } from "./checkpoint.js";
import { evaluateMethod } from "./evaluate.js";
import { evaluationLoader } from "./prepare.js";

/** A trained method, rebuilt from its checkpoint alone, in evaluation mode. */
export interface Trained extends Disposable {
  readonly path: string;
  readonly description: CheckpointDescription;
  readonly method: Method;
  readonly device: string;
}

/** Loads RUN|CHECKPOINT. Throws CheckpointError when it is none, is damaged or does not fit the network it names. */
export function loadTrained(runOrCheckpoint: string, options: { device?: string } = {}): Trained {
  const device = checkDevice(options.device ?? "cpu");
  using _scope = scope();
  const checkpoint = readCheckpoint(checkpointPath(runOrCheckpoint));
  const { path, recipe, classes, counts, epoch, step } = checkpoint;
  const method = buildMethod(recipe, { classes, counts });
  restoreModel(checkpoint, method);
  method.model.to({ device, memoryFormat: recipe.memoryFormat }).eval();
  return {
    path,
    description: { recipe, classes, counts, epoch, step },
    method,
    device,
    [Symbol.dispose]() {
      method.dispose();
    },
  };
}

/** Copies a checkpoint's weights into a method of the same architecture; CheckpointError names the first that differs. */
export function restoreModel(checkpoint: Pick<Checkpoint, "path" | "model">, method: Method): void {
  try {
    method.model.loadStateDict(checkpoint.model);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`${checkpoint.path} does not fit this network: ${error.message}`, {
      cause: error,
    });
  }
}

interface EvaluateTrainedOptions {
  /** The data's folder; the one it was trained on unless given. */
  readonly root?: string | undefined;
  readonly split?: "train" | "test";
  readonly signal?: AbortSignal;
}

/** Judges a trained method as its run did: same transforms, batches and groups. Null when the signal ended it early. */
export async function evaluateTrained(
  trained: Trained,
  { root, split = "test", signal }: EvaluateTrainedOptions = {},
): Promise<EvaluationResult | null> {
  const { method, device, description } = trained;
  const { recipe, classes, counts } = description;
  const dataset = openDataset({ ...recipe.data, root: root ?? recipe.data.root }, split);
  assertSameClasses(trained, dataset.classes, dataset.root);
  using loader = evaluationLoader(recipe, dataset);
  const { groups } = recipe.evaluation;
  const meter = new AccuracyMeter({ classes, counts, experts: recipe.method.experts, groups });
  return await evaluateMethod({ method, loader, meter, device, signal });
}

function assertSameClasses({ path, description }: Trained, found: readonly string[], root: string): void {
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
