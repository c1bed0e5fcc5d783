import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import {
  type CalibrationResult,
  type Evaluation,
  type EvaluationProgress,
  formatAccuracy,
  formatCalibration,
  formatEvaluation,
  formatTemperature,
  type PriorResult,
  type Temperature,
  type TrainedModel,
} from "../../index.js";
import { type Interruption, onInterrupt } from "../exit.js";
import {
  collect,
  deviceOption,
  kernelsOption,
  newCommand,
  numberList,
  recipeOption,
  threadsOption,
  weightsOption,
  wholeNumber,
} from "../options.js";
import { output } from "../output.js";
import { progressDisplay } from "../progress.js";
import { type ModelArguments, modelFrom } from "../model-arguments.js";
import { counted } from "../../support/text.js";

interface EvaluateArguments extends ModelArguments {
  readonly split: "train" | "test";
  readonly calibrate?: Temperature["kind"] | undefined;
  readonly prior?: string | undefined;
  readonly tau?: readonly number[] | undefined;
  readonly fiveCrops?: number | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail evaluate runs/cifar100-lt-ncl
  longtail evaluate runs/cifar100-lt-ncl/checkpoints/last.safetensors --data other-photos
  longtail evaluate runs/cifar100-lt-ncl --split train --json
  longtail evaluate runs/cifar100-lt-ncl --calibrate                      fit a temperature, so that its probabilities can be trusted
  longtail evaluate runs/cifar100-lt-ce --prior uniform                   adjusted to classes that are equally frequent
  longtail evaluate runs/cifar100-lt-ce --tau 0.5,0.7,1
  longtail evaluate runs/places-lt-lift --five-crops 248                  test-time ensembling, as LIFT does
  longtail evaluate best.pth --recipe cifar100-lt-ncl --data DIR          a checkpoint of NCL's PyTorch code
  longtail evaluate resnet20.th --recipe cifar10-lt-ce --set backbone=resnet20 --data DIR

A file that holds weights alone needs --recipe. Its tensors have PyTorch's names, with or without what wrappers put before them
("module.", "_orig_mod.", "net.", ...): an ensemble's (backbone.0.conv1.weight, classifier.0.weight, ...), or a single network's
with the classifier as fc, linear, head or classifier. The state dictionary may lie beside other things in the file.

--calibrate fits a temperature, which divides the logits (Guo et al., 2017), on the images that the run held out, so it needs
selection.kind=held-out; RUN/calibration.json keeps it and predict uses it. group: a temperature for each group of
the predicted class; expert: one for each expert before averaging, fitted jointly.
--prior adds log(wanted / learned class frequency) to the logits (Menon et al., 2021; Hong et al., 2021). uniform:
all classes equally frequent; train: as in training; reversed: the largest as rare as the smallest was; or a file: JSON
{ "class": weight, ... } or CSV with the header class,weight.
--tau divides the row of each class in a linear classifier by its length to the power of tau (Kang et al., 2020); a list
gives a row for each value.`;

export function evaluateCommand(): CommandUnknownOpts {
  return newCommand("evaluate")
    .description(
      "evaluate a trained model: accuracy by group of classes, by expert and by class, and its mistakes",
    )
    .argument("<run>", "a run's folder, a checkpoint or, with --recipe, a file of weights")
    .option("--data <folder>", "the data's folder (default: the one of the training)")
    .addOption(
      new Option("--split <name>", "which images")
        .choices(["test", "train"] as const)
        .default("test" as const),
    )
    .addOption(recipeOption())
    .option("--set <key=value>", "change a key of that recipe; can be given many times", collect, [])
    .addOption(weightsOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(kernelsOption())
    .addOption(
      new Option("--calibrate [kind]", "fit a temperature; how many: one, one a group or one an expert")
        .choices(["global", "group", "expert"] as const)
        .preset("global" as const),
    )
    .option("--prior <target>", "adjust to other class frequencies: uniform, train, reversed or a file")
    .addOption(
      new Option("--tau <list>", "normalize a linear classifier's rows, by numbers such as 0.7 or 0.5,1")
        .argParser(numberList)
        .conflicts(["calibrate", "prior"]),
    )
    .option(
      "--five-crops <size>",
      "average over the corners and the middle of images whose shorter side is resized to this",
      wholeNumber(1),
    )
    .addHelpText("after", examples)
    .action(evaluate);
}

async function evaluate(run: string, options: EvaluateArguments): Promise<void> {
  const { split } = options;
  using interruption = onInterrupt("ending after this batch");
  using model = await modelFrom(run, options);
  const result = await watched(model, interruption);
  const to = output(options);
  to.say(`${texts(result, model.logitPrior).join("\n\n")}\n`);
  to.say(`${model.checkpoint}: ${counted(result.images, `${split} image`)}, loss ${result.loss.toFixed(4)}`);
  to.value(result);

  /** Evaluates while people watch; the line about progress goes before the result comes. */
  async function watched(of: TrainedModel, ended: Interruption): Promise<Evaluation> {
    using display = progressDisplay(process.stderr);
    const { data, calibrate, prior, tau, fiveCrops } = options;
    const { signal } = ended;
    const onProgress = ({ images, done, total }: EvaluationProgress): void => {
      display.show({ done, total, text: `${done} of ${counted(total, `${images} image`)}` });
    };
    try {
      return await of.evaluate({ data, split, calibrate, prior, tau, fiveCrops, onProgress, signal });
    } catch (error) {
      throw signal.aborted && error === signal.reason ? ended.error("interrupted") : error;
    }
  }
}

/** What an evaluation found, for people: everything about its result, then what was asked for besides. */
function texts(result: Evaluation, logitPrior: string): string[] {
  const { tau, prior, calibration } = result;
  const found = [formatEvaluation(result)];
  if (tau !== undefined) {
    const rows = tau.map(({ tau: value, ensemble }) => [`tau ${value}`, ensemble] as const);
    found.push(formatAccuracy("tau-normalized, accuracy, %", rows));
  }
  if (prior !== undefined) found.push(priorText(result, prior, logitPrior));
  if (calibration !== undefined) found.push(calibrationText(calibration, prior?.name));
  return found;
}

function priorText(
  { ensemble }: Evaluation,
  { name, adjusted, weighted }: PriorResult,
  logitPrior: string,
): string {
  const table = formatAccuracy("accuracy of the ensemble, %", [
    ["as trained, on the images as they are", ensemble],
    ["adjusted, on the images as they are", adjusted.ensemble],
    [`as trained, classes weighted to ${name}`, weighted.asTrained],
    [`adjusted, classes weighted to ${name}`, weighted.adjusted],
  ]);
  return `${logitPrior}; adjusted to ${name}\n\n${table}`;
}

function calibrationText(calibration: CalibrationResult, prior: string | undefined): string {
  const { temperature, images, file } = calibration;
  const kept = file === null ? "" : `; kept in ${file} for predict`;
  const heading =
    prior === undefined ? "" : `adjusted to ${prior}, on the images as they are (no class is weighted):\n`;
  return `${heading}${formatCalibration(calibration)}\n\n${formatTemperature(temperature)}, fitted on ${counted(images, "held-out image")}${kept}`;
}
