import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { exportModel } from "../../index.js";
import { newCommand, weightsOption } from "../options.js";
import { output } from "../output.js";

interface ExportArguments {
  readonly format: "pth" | "safetensors";
  readonly out: string;
  readonly prefix: string;
  readonly weights?: "ema" | "raw" | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail export runs/cifar100-lt-ncl --format pth --out ncl.pth
  longtail export runs/cifar100-lt-ncl --format pth --prefix module. --out ncl.pth        for DataParallel
  longtail export runs/cifar100-lt-ncl --format safetensors --out ncl.safetensors

A .pth file holds { state_dict, epoch, classes }, as NCL's PyTorch code loads it; torch.load reads it with
weights_only=True. The names are PyTorch's: backbone.K.… and classifier.K.… for each expert K.`;

export function exportCommand(): CommandUnknownOpts {
  return newCommand("export")
    .description("write a trained network's weights for other programs")
    .argument("<run>", "a run's folder or a checkpoint")
    .addOption(
      new Option("--format <name>", "of the file")
        .choices(["pth", "safetensors"] as const)
        .makeOptionMandatory(),
    )
    .requiredOption("--out <file>", "where to write it")
    .option("--prefix <text>", "put before every name", "")
    .addOption(weightsOption())
    .addHelpText("after", examples)
    .action(exportRun);
}

async function exportRun(run: string, options: ExportArguments): Promise<void> {
  const { format, out, prefix, weights } = options;
  const checkpoint = await exportModel(run, { format, out, prefix, weights });
  const to = output(options);
  to.say(`${out}: the weights of ${checkpoint}`);
  to.value({ out, format, checkpoint });
}
