import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Temperature } from "../../evaluation/analysis.js";
import { onInterrupt } from "../interrupt.js";
import {
  collect,
  deviceOption,
  kernelsOption,
  newCommand,
  numberList,
  recipeOption,
  threadsOption,
  weightsOption,
} from "../options.js";
import type { KernelChoice } from "../../torch/native.js";
import { output } from "../output.js";
import { progressDisplay } from "../progress.js";
import { type TrainedArguments, trainedFrom } from "../trained-arguments.js";

interface EvaluateArguments extends TrainedArguments {
  readonly split: "train" | "test";
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly calibrate?: Temperature["kind"] | undefined;
  readonly prior?: string | undefined;
  readonly tau?: readonly number[] | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail evaluate runs/cifar100-lt-ncl
  longtail evaluate runs/cifar100-lt-ncl/checkpoints/last.safetensors --data other-photos
  longtail evaluate runs/cifar100-lt-ncl --split train --json
  longtail evaluate runs/cifar100-lt-ncl --calibrate                      can its probabilities be trusted? a temperature
  longtail evaluate runs/cifar100-lt-ce --prior uniform                   what it answers where all classes are as frequent
  longtail evaluate runs/cifar100-lt-ce --tau 0.5,0.7,1
  longtail evaluate best.pth --recipe cifar100-lt-ncl --data DIR          a checkpoint of NCL's PyTorch code
  longtail evaluate resnet20.th --recipe cifar10-lt-ce --set backbone=resnet20 --data DIR

A file that holds weights alone needs --recipe. Its tensors have PyTorch's names, inside "module." or not: an ensemble's
(backbone.0.conv1.weight, classifier.0.weight, ...), or a single network's with the classifier as fc or linear.

--calibrate fits what the logits are divided by (Guo et al., 2017) on the images that the run held out, so it needs
selection.kind=held-out; RUN/calibration.json keeps it and predict uses it. group: a temperature for each group of the
class that is answered; expert: for each expert before they are averaged, fitted jointly.
--prior adds log(wanted / learned shares of the classes) to the logits (Menon et al., 2021; Hong et al., 2021). uniform:
all classes as frequent; train: as in training; reversed: the largest as frequent as the smallest was; or a file: JSON
{ "class": weight, ... } or CSV with the header class,weight.
--tau divides the row of each class in a linear classifier by its length to the power of tau (Kang et al., 2020); a list
gives a line for each.`;

export function evaluateCommand(): CommandUnknownOpts {
  return newCommand("evaluate")
    .description(
      "judge a trained model: accuracy by group of classes, by expert and by class, and its mistakes",
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
    .option("--prior <target>", "adjust to other shares of the classes: uniform, train, reversed or a file")
    .addOption(
      new Option("--tau <list>", "normalise a linear classifier's rows, by numbers such as 0.7 or 0.5,1")
        .argParser(numberList)
        .conflicts(["calibrate", "prior"]),
    )
    .addHelpText("after", examples)
    .action(evaluate);
}

async function evaluate(run: string, options: EvaluateArguments): Promise<void> {
  const { evaluateTrained } = await import("../../inference/trained.js");
  const { applySettings } = await import("../../training/prepare.js");
  const { additionsFor } = await import("./additions.js");
  const { report } = await import("./report.js");
  const { data: root, split, device, threads, kernels } = options;
  using interruption = onInterrupt("ending after this batch");
  using trained = await trainedFrom(run, options);
  applySettings(trained.description.recipe, { device, threads, kernels });
  const { signal } = interruption;
  using display = progressDisplay(process.stderr);
  const told = (which: string) => (done: number, total: number) =>
    display.show({ done, total, text: `${done} of ${total} ${which} images` });
  const additions = await additionsFor(trained, run, { ...options, onHeldOut: told("held-out"), signal });
  const also = additions?.flatMap(({ meters }) => meters);
  const result =
    also === undefined
      ? null
      : await evaluateTrained(trained, { root, split, also, onImages: told(split), signal });
  display[Symbol.dispose](); // the line goes before the result comes
  if (result === null) throw interruption.error("interrupted");
  const found = additions!.map((addition) => addition.finish(result));
  const to = output(options);
  to.say(`${[report(result), ...found.map(({ text }) => text)].join("\n\n")}\n`);
  to.say(`${trained.path}: ${result.images} ${split} images, loss ${result.loss.toFixed(4)}`);
  to.value(Object.assign({}, result, ...found.map(({ json }) => json)));
}
