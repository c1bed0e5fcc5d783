import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { join } from "node:path";
import { collect, deviceOption, newCommand, threadsOption, wholeNumber } from "../options.js";
import { output } from "../output.js";
import { recipeFrom, withDataFolder } from "../recipe-arguments.js";
import type { RecipeArguments } from "../recipe-arguments.js";

interface TrainArguments extends RecipeArguments {
  readonly out?: string | undefined;
  readonly device: string;
  readonly threads?: number | undefined;
  readonly force?: boolean | undefined;
  readonly from?: string | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail train cifar100-lt-ncl --data ~/data/cifar-100-binary
  longtail train cifar100-lt-ncl --data DIR --set epochs=8 --set schedule.at=[6,7] --set optimizer.lr=0.02
  longtail train caltech20-lt-ncl --data my-photos --seed 1 --out runs/my-photos
  longtail train my-recipe.yaml --data my-photos
  longtail train cifar100_im100_NCL.yaml TRAIN.MAX_EPOCH 200 --data DIR       a file of NCL's PyTorch code

my-photos holds train/CLASS/*.jpg and test/CLASS/*.jpg. The keys of --set: longtail recipes --keys.
The run's folder holds recipe.json, metrics.jsonl, result.json and checkpoints. With --json every event
of the training is a line of JSON on stdout.`;

export function trainCommand(): CommandUnknownOpts {
  return newCommand("train")
    .description("train a recipe")
    .argument("<recipe>", "a built-in recipe's name, or a file: .json, .yaml, .yml, .js, .mjs, .ts")
    .argument("[settings...]", "KEY VALUE pairs for a YAML file of NCL's PyTorch code")
    .option("--data <folder>", "the data's folder")
    .option("--set <key=value>", "change a key of the recipe; can be given many times", collect, [])
    .option("--out <folder>", "the run's folder (default: runs/NAME, or runs/NAME-2, … when that is taken)")
    .option("--seed <n>", "seed of every random choice (default: the recipe's)", wholeNumber(0))
    .addOption(deviceOption())
    .addOption(threadsOption())
    .option(
      "--from <file>",
      "go on from a checkpoint of NCL's PyTorch code (.pth), at the epoch after its last",
    )
    .option("--force", "move a run that lies in --out aside")
    .addHelpText("after", examples)
    .action(train);
}

async function train(nameOrPath: string, settings: string[], options: TrainArguments): Promise<void> {
  const recipe = withDataFolder(await recipeFrom(nameOrPath, { ...options, settings }));
  const { trainWatched } = await import("../training-run.js");
  const { freshRunFolder } = await import("../../training/run-folder.js");
  const { device, threads, force = false, from } = options;
  const to = output(options);
  await trainWatched(recipe, {
    out: options.out ?? freshRunFolder(join("runs", recipe.name)),
    device,
    threads,
    force,
    from,
    command: process.argv.slice(2),
    output: to,
    listeners: [to.value],
  });
}
