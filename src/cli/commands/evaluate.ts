import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "@commander-js/extra-typings";
import { InterruptedError, onInterrupt } from "../interrupt.js";
import { deviceOption, newCommand, threadsOption } from "../options.js";
import { output } from "../output.js";

interface EvaluateArguments {
  readonly data?: string | undefined;
  readonly split: "train" | "test";
  readonly device: string;
  readonly threads?: number | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail evaluate runs/cifar100-lt-ncl
  longtail evaluate runs/cifar100-lt-ncl/checkpoints/last.safetensors --data other-photos
  longtail evaluate runs/cifar100-lt-ncl --split train --json`;

export function evaluateCommand(): CommandUnknownOpts {
  return newCommand("evaluate")
    .description(
      "judge a trained model: accuracy by group of classes, by expert and by class, and its mistakes",
    )
    .argument("<run>", "a run's folder or a checkpoint")
    .option("--data <folder>", "the data's folder (default: the one of the training)")
    .addOption(
      new Option("--split <name>", "which images")
        .choices(["test", "train"] as const)
        .default("test" as const),
    )
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText("after", examples)
    .action(evaluate);
}

async function evaluate(run: string, options: EvaluateArguments): Promise<void> {
  const { evaluateTrained, loadTrained } = await import("../../training/trained.js");
  const { applySettings } = await import("../../training/prepare.js");
  const { report } = await import("../evaluation-report.js");
  const { data: root, split, device, threads } = options;
  using interruption = onInterrupt("ending after this batch");
  using trained = loadTrained(run, { device });
  applySettings(trained.description.recipe, { device, threads });
  const result = await evaluateTrained(trained, { root, split, signal: interruption.signal });
  if (result === null) throw new InterruptedError("interrupted");
  const to = output(options);
  to.say(`${report(result)}\n`);
  to.say(`${trained.path}: ${result.images} ${split} images, loss ${result.loss.toFixed(4)}`);
  to.value(result);
}
