import { getThreads } from "../torch/settings.js";
import type { RunEvent, Untimed } from "./events.js";
import type { Position } from "./checkpoint.js";
import type { Prepared } from "./prepare.js";
import type { RunDescription, RunFolder } from "./run-folder.js";

/** What recipe.json says. */
export function describeRun(
  { recipe, statistics, device }: Prepared,
  { versions, command }: Pick<RunDescription, "versions" | "command">,
): RunDescription {
  const { classes, counts } = statistics;
  return {
    recipe,
    seed: recipe.seed,
    device,
    threads: getThreads(),
    classes: classes.map((name, c) => ({ name, trainImages: counts[c] ?? 0 })),
    versions,
    command,
    started: new Date().toISOString(),
  };
}

/** What the listeners hear first. */
export function runEvent(prepared: Prepared, folder: RunFolder, from: Position): Untimed<RunEvent> {
  const { recipe, device, trainData, testData, statistics, method, trainLoader } = prepared;
  return {
    type: "run",
    name: recipe.name,
    folder: folder.path,
    seed: recipe.seed,
    device,
    threads: getThreads(),
    classes: statistics.classes.length,
    trainImages: trainData.size,
    testImages: testData.size,
    imbalance: statistics.imbalance,
    parameters: method.model.parameters().reduce((sum, parameter) => sum + parameter.size, 0),
    epochs: recipe.epochs,
    stepsPerEpoch: trainLoader.stepsPerEpoch,
    from: from.epoch + from.step === 0 ? null : { epoch: from.epoch, step: from.step },
  };
}
