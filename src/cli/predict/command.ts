import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Temperature } from "../../evaluation/analysis.js";
import type { Trained } from "../../inference/trained.js";
import type { Prediction } from "../../inference/predict.js";
import {
  collect,
  deviceOption,
  newCommand,
  recipeOption,
  threadsOption,
  weightsOption,
  wholeNumber,
} from "../options.js";
import { output, type Output } from "../output.js";
import { type TrainedArguments, trainedFrom } from "../trained-arguments.js";

interface PredictArguments extends TrainedArguments {
  readonly top: number;
  readonly uncalibrated: boolean;
  readonly threads?: number | undefined;
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
    .description("tell what is on images: classes and probabilities, by the ensemble of experts")
    .argument("<run>", "a run's folder, a checkpoint or, with --recipe, a file of weights")
    .argument("<image...>", "image files")
    .option("--top <n>", "how many classes", wholeNumber(1), 5)
    .option("--uncalibrated", "leave out the temperature that evaluate --calibrate has fitted", false)
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
  const { predictImages } = await import("../../inference/predict.js");
  const { applySettings } = await import("../../training/prepare.js");
  const { top, device, threads } = options;
  const to = output(options);
  using trained = await trainedFrom(run, options);
  applySettings(trained.description.recipe, { device, threads });
  const temperature = options.uncalibrated ? null : await temperatureOf(run, { trained, to });
  const calibrated = temperature !== null;
  for (const { image, predictions } of predictImages(trained, images, { top, temperature })) {
    to.say(`${image}\n${predictions.map(describe).join("\n")}`);
    to.value({ image, predictions, calibrated });
  }
}

/** The temperature of a run that was calibrated; null for one that was not, or by other weights, and that is told. */
async function temperatureOf(
  run: string,
  { trained, to }: { trained: Trained; to: Output },
): Promise<Temperature | null> {
  const { findCalibration } = await import("../../runs/calibration-file.js");
  const { describeTemperature } = await import("../../evaluation/calibration-table.js");
  const found = findCalibration(run, trained);
  if (found === null) return null;
  const { temperature, images, epoch } = found.calibration;
  if (found.fits) {
    to.say(
      `calibrated probabilities: ${describeTemperature(temperature)}, fitted on ${images} held-out images`,
    );
    return temperature;
  }
  to.say(
    `uncalibrated probabilities: ${found.path} is for other weights (epoch ${epoch}); ` +
      "longtail evaluate --calibrate makes a new one",
  );
  return null;
}

function describe({ class: name, probability }: Prediction): string {
  return `  ${(100 * probability).toFixed(1).padStart(5)} %  ${name}`;
}
