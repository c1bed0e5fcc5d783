import {
  formatTemperature,
  type ImageInput,
  type ImagePrediction,
  type ModelCalibration,
  type PredictOptions,
  UsageError,
} from "../../index.js";
import { type ModelArguments, modelFrom } from "../model-arguments.js";
import { counted } from "../../support/text.js";

/** The flags that only a trained network takes. */
export interface PredictModelArguments extends ModelArguments {
  readonly uncalibrated: boolean;
}

/** A network of a run, or a model file, as predict uses it. */
export interface PredictModel {
  readonly classes: readonly string[];
  /** Sentence for people on the probabilities; null where there is nothing to say. */
  readonly note: string | null;
  predictEach(
    images: readonly ImageInput[],
    options: Pick<PredictOptions, "top" | "features" | "onUnreadable">,
  ): AsyncIterable<ImagePrediction>;
}

/** Uses a run, a checkpoint, a file of weights or, without libtorch, an ONNX file. */
export async function withModel(
  path: string,
  options: PredictModelArguments,
  use: (model: PredictModel) => Promise<void>,
): Promise<void> {
  if (path.endsWith(".onnx")) return withModelFile(path, options, use);
  using trained = await modelFrom(path, options);
  const { calibration, classes } = trained;
  await use({
    classes,
    note: calibration === null || options.uncalibrated ? null : calibrationText(calibration),
    predictEach: (images, asked) =>
      trained.predictEach(images, { ...asked, calibrate: !options.uncalibrated }),
  });
}

async function withModelFile(
  path: string,
  options: PredictModelArguments,
  use: (model: PredictModel) => Promise<void>,
): Promise<void> {
  assertForModelFile(path, options);
  const { load } = await import("../../runtime/index.js");
  await using model = await load(path, { threads: options.threads, busyWait: false });
  const { temperature } = model.metadata;
  await use({
    classes: model.classes,
    note: temperature === null ? null : `calibrated probabilities: ${formatTemperature(temperature)}`,
    predictEach: (images, asked) => model.predictEach(images, asked),
  });
}

/** @throws UsageError for a flag that is about a run's network. */
function assertForModelFile(
  path: string,
  { recipe, data, set, device, weights, uncalibrated }: PredictModelArguments,
): void {
  const given = {
    "--recipe": recipe !== undefined,
    "--data": data !== undefined,
    "--set": set.length > 0,
    "--device": device !== "cpu",
    "--weights": weights !== undefined,
    "--uncalibrated": uncalibrated,
  };
  const [flag] = Object.entries(given).find(([, isGiven]) => isGiven) ?? [];
  if (flag !== undefined)
    throw new UsageError(
      `${flag}: expected a run or a checkpoint, found the ONNX file ${path}, which is used as it was exported`,
    );
}

/** Whether the run's temperature is used; one that was fitted to other weights is not. */
function calibrationText({ fits, temperature, images, path, epoch }: ModelCalibration): string {
  return fits
    ? `calibrated probabilities: ${formatTemperature(temperature)}, fitted on ${counted(images, "held-out image")}`
    : `uncalibrated probabilities: ${path} is for other weights (epoch ${epoch}); ` +
        "longtail evaluate --calibrate makes a new one";
}
