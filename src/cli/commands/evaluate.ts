import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "@commander-js/extra-typings";
import { onInterrupt } from "../interrupt.js";
import {
  collect,
  deviceOption,
  kernelsOption,
  newCommand,
  recipeOption,
  threadsOption,
  weightsOption,
} from "../options.js";
import type { KernelChoice } from "../../torch/native.js";
import { output } from "../output.js";
import { trainedFrom } from "../trained-arguments.js";
import type { TrainedArguments } from "../trained-arguments.js";

interface EvaluateArguments extends TrainedArguments {
  readonly split: "train" | "test";
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail evaluate runs/cifar100-lt-ncl
  longtail evaluate runs/cifar100-lt-ncl/checkpoints/last.safetensors --data other-photos
  longtail evaluate runs/cifar100-lt-ncl --split train --json
  longtail evaluate best.pth --recipe cifar100-lt-ncl --data DIR          a checkpoint of NCL's PyTorch code
  longtail evaluate resnet20.th --recipe cifar10-lt-ce --set backbone=resnet20 --data DIR

A file that holds weights alone needs --recipe. Its tensors have PyTorch's names, inside "module." or not: an ensemble's
(backbone.0.conv1.weight, classifier.0.weight, ...), or a single network's with the classifier as fc or linear.`;

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
    .addHelpText("after", examples)
    .action(evaluate);
}

async function evaluate(run: string, options: EvaluateArguments): Promise<void> {
  const { evaluateTrained } = await import("../../training/trained.js");
  const { applySettings } = await import("../../training/prepare.js");
  const { report } = await import("../evaluation-report.js");
  const { data: root, split, device, threads, kernels } = options;
  using interruption = onInterrupt("ending after this batch");
  using trained = await trainedFrom(run, options);
  applySettings(trained.description.recipe, { device, threads, kernels });
  const result = await evaluateTrained(trained, { root, split, signal: interruption.signal });
  if (result === null) throw interruption.error("interrupted");
  const to = output(options);
  to.say(`${report(result)}\n`);
  to.say(`${trained.path}: ${result.images} ${split} images, loss ${result.loss.toFixed(4)}`);
  to.value(result);
}
