import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import {
  DataError,
  formatTemperature,
  type ImageInput,
  type ModelCalibration,
  type Prediction,
} from "../../index.js";
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
  readonly fromFile?: string | undefined;
  readonly json: boolean;
}

const examples = `
An image is a file, a folder (every image in it and below it), a quoted pattern or - (an image on stdin). What cannot be read is
named, the others are predicted, and the exit code is 1.

Examples:
  longtail predict runs/caltech20-lt-ncl photo.jpg
  longtail predict runs/caltech20-lt-ncl photos/ '2024/*/*.jpg' --top 1 --json
  find photos -name '*.jpg' -newer last | longtail predict runs/caltech20-lt-ncl --from-file -

With --json there is a line of JSON for each image: { "image", "predictions": [{ "class", "probability" }],
"calibrated" }, or { "image", "error" } for one that cannot be read. Probabilities are calibrated where longtail evaluate RUN --calibrate has fitted a temperature.`;

export function predictCommand(): CommandUnknownOpts {
  return newCommand("predict")
    .description("predict images: classes and probabilities, by the ensemble of experts")
    .argument("<run>", "a run's folder, a checkpoint or, with --recipe, a file of weights")
    .argument("[image...]", "image files, folders, patterns, or - for an image on stdin")
    .option("--from-file <file>", "a file with the path of an image in each line; - reads them from stdin")
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
  const { top, uncalibrated, fromFile } = options;
  const { chosenImages } = await import("./images.js");
  const chosen = await chosenImages(images, fromFile);
  endWithReader();
  const to = output(options);
  using model = await modelFrom(run, options);
  if (model.calibration !== null && !uncalibrated) to.say(calibrationText(model.calibration));
  let unreadable = 0;
  const onUnreadable = (image: ImageInput, { message }: Error): void => {
    unreadable += 1;
    process.stderr.write(`error: ${message}\n`);
    to.value({ image: nameOf(image), error: message });
  };
  for await (const found of model.predictEach(chosen, { top, calibrate: !uncalibrated, onUnreadable })) {
    const { image, calibrated } = found;
    const predictions = found.predictions.map(({ class: name, probability }) => ({
      class: name,
      probability,
    }));
    to.say(`${image ?? STDIN}\n${found.predictions.map(describe).join("\n")}`);
    to.value({ image: image ?? STDIN, predictions, calibrated });
  }
  if (unreadable > 0)
    throw new DataError(`${unreadable} of ${chosen.length} images cannot be read; the others are predicted`);
}

const STDIN = "-";

function nameOf(image: ImageInput): string {
  return typeof image === "string" ? image : STDIN;
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
