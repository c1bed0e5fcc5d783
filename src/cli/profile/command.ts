import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { KernelChoice } from "../../torch/native.js";
import { collect, deviceOption, kernelsOption, newCommand, threadsOption, wholeNumber } from "../options.js";
import { output } from "../output.js";
import { type RecipeArguments, recipeFrom, withDataFolder } from "../recipe-arguments.js";

interface ProfileArguments extends RecipeArguments {
  readonly steps: number;
  readonly warmup: number;
  readonly trace?: string | undefined;
  readonly device: string;
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail profile cifar100-lt-ncl --data ~/data/cifar-100-binary
  longtail profile caltech20-lt-ncl --data my-photos --steps 50 --trace trace.json
  longtail profile imagenet-lt-ncl --data DIR --set data.workers=8 --set data.cache=disk --json
  longtail profile runs/night --threads 4                                        as that run was set

Trains some steps, keeps nothing of them, and says where their time went: on the thread that trains (waiting for images,
forward, backward, optimizer) and on those that make images (read, decode, transform). The file of --trace opens in
ui.perfetto.dev and chrome://tracing. A cache (data.cache) is filled first, as a training would fill it. What a GPU does
is waited for after each phase, which a training does not do: there a step takes longer here.`;

export function profileCommand(): CommandUnknownOpts {
  return newCommand("profile")
    .description("say where a training step's time goes")
    .argument("<recipe>", "a built-in recipe's name, a file, or the folder of a run")
    .argument("[settings...]", "KEY VALUE pairs for a YAML file of NCL's PyTorch code")
    .option("--data <folder>", "the data's folder")
    .option("--set <key=value>", "change a key of the recipe; can be given many times", collect, [])
    .option("--seed <n>", "seed of every random choice (default: the recipe's)", wholeNumber(0))
    .option("--steps <n>", "steps that are measured", wholeNumber(1), 20)
    .option("--warmup <n>", "steps before them that are not", wholeNumber(0), 3)
    .option("--trace <file>", "write every span as a Chrome trace")
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(kernelsOption())
    .addHelpText("after", examples)
    .action(profile);
}

async function profile(nameOrPath: string, settings: string[], options: ProfileArguments): Promise<void> {
  const recipe = withDataFolder(await recipeFrom(nameOrPath, { ...options, settings }));
  const { profileWatched } = await import("./action.js");
  const to = output(options);
  to.value(await profileWatched(recipe, { ...options, output: to }));
}
