import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { formatTemperature, type ModelCalibration, type Prediction } from "../../index.js";
import {
  collect,
  deviceOption,
  newCommand,
  recipeOption,
  threadsOption,
  weightsOption,
  wholeNumber,
} from "../options.js";
import { type ModelArguments, modelFrom } from "../model-arguments.js";
import { endWithReader, output } from "../output.js";

interface PredictArguments extends ModelArguments {
  readonly top: number;
  readonly uncalibrated: boolean;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail predict runs/caltech20-lt-ncl photo.jpg
  longtail predict runs/caltech20-lt-ncl *.jpg --top 1 --json

With --json there is a line of JSON for each image: { "image", "predictions": [{ "class", "probability" }],
"calibrated" }. Probabilities are calibrated where longtail evaluate RUN --calibrate has fitted a temperature.`;

export function predictCommand(): CommandUnknownOpts {
  return newCommand("predict")
    .description("predict images: classes and probabilities, by the ensemble of experts")
    .argument("<run>", "a run's folder, a checkpoint or, with --recipe, a file of weights")
    .argument("<image...>", "image files")
    .option("--top <n>", "how many classes", wholeNumber(1), 5)
    .option("--uncalibrated", "ignore the temperature that evaluate --calibrate has fitted", false)
    .addOption(recipeOption())
    .option("--data <folder>", "the folder of that recipe's training images, which names the classes")
    .option("--set <key=value>", "change a key of that recipe; can be given many times", collect, [])
    .addOption(weightsOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText("after", examples)
    .action(predict);
}

async function predict(run: string, images: string[], options: PredictArguments): Promise<void> {
  const { top, uncalibrated } = options;
  const to = output(options);
  endWithReader();
  using model = await modelFrom(run, options);
  if (model.calibration !== null && !uncalibrated) to.say(calibrationText(model.calibration));
  for await (const found of model.predictEach(images, { top, calibrate: !uncalibrated })) {
    const { image, calibrated } = found;
    const predictions = found.predictions.map(({ class: name, probability }) => ({
      class: name,
      probability,
    }));
    to.say(`${image}\n${found.predictions.map(describe).join("\n")}`);
    to.value({ image, predictions, calibrated });
  }
}

/** Whether the run's temperature is used; one that was fitted to other weights is not. */
function calibrationText({ fits, temperature, images, path, epoch }: ModelCalibration): string {
  return fits
    ? `calibrated probabilities: ${formatTemperature(temperature)}, fitted on ${images} held-out images`
    : `uncalibrated probabilities: ${path} is for other weights (epoch ${epoch}); ` +
        "longtail evaluate --calibrate makes a new one";
}

function describe({ class: name, probability }: Prediction): string {
  return `  ${(100 * probability).toFixed(1).padStart(5)} %  ${name}`;
}
