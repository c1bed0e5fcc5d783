import { datasetCard, splitHash } from "../data/card.js";
import { getKernels, getThreads } from "../torch/settings.js";
import type { Position, RunEvent, Untimed } from "../runs/events.js";
import type { Prepared } from "./prepare.js";
import type { RunDescription, RunFolder } from "../runs/run-folder.js";

/** What recipe.json says. */
export function describeRun(
  { recipe, data, heldOut, device }: Prepared,
  { versions, command }: Pick<RunDescription, "versions" | "command">,
): RunDescription {
  const { groups } = recipe.evaluation;
  return {
    recipe,
    seed: recipe.seed,
    device,
    threads: getThreads(),
    kernels: getKernels(),
    data: {
      train: datasetCard(data.train, groups),
      test: datasetCard(data.test, groups),
      heldOutHash: heldOut && splitHash(heldOut),
    },
    versions,
    command,
    started: new Date().toISOString(),
  };
}

/** What the listeners hear first. */
export function runEvent(prepared: Prepared, folder: RunFolder, from: Position): Untimed<RunEvent> {
  const { recipe, device, data, trainData, statistics, method, trainLoader } = prepared;
  return {
    type: "run",
    name: recipe.name,
    folder: folder.path,
    seed: recipe.seed,
    device,
    threads: getThreads(),
    classes: statistics.classes.length,
    trainImages: trainData.size,
    testImages: data.test.size,
    imbalance: statistics.imbalance,
    parameters: method.model.parameters().reduce((sum, parameter) => sum + parameter.size, 0),
    epochs: recipe.epochs,
    stepsPerEpoch: trainLoader.stepsPerEpoch,
    from: from.epoch + from.step === 0 ? null : { epoch: from.epoch, step: from.step },
  };
}
