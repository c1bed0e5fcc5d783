import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import {
  consoleListener,
  formatProfile,
  type KernelChoice,
  type Profile,
  profile as profileRecipe,
  type ProfileOptions,
} from "../../index.js";
import { onInterrupt } from "../exit.js";
import { collect, deviceOption, kernelsOption, newCommand, threadsOption, wholeNumber } from "../options.js";
import { output } from "../output.js";
import { progressDisplay, quiet } from "../progress.js";
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
  const { steps, warmup, trace, device, threads, kernels } = options;
  const to = output(options);
  const found = await watched({ steps, warmup, trace, device, threads, kernels });
  to.say(formatProfile(found));
  if (trace !== undefined) to.say(`\ntrace: ${trace} (ui.perfetto.dev and chrome://tracing open it)`);
  to.value(found);

  /** Profiles while people watch and can interrupt it. @throws InterruptedError */
  async function watched(asked: ProfileOptions): Promise<Profile> {
    using interruption = onInterrupt("ending after this step");
    using progress = progressDisplay(process.stderr);
    const { signal } = interruption;
    const onStep = (done: number, total: number): void => {
      const which = done <= warmup ? `to warm up: ${done} of ${warmup}` : `${done - warmup} of ${steps}`;
      progress.show({ done, total, text: `steps ${which}` });
    };
    const listeners = [consoleListener(process.stderr, { quiet: quiet() })]; // for a cache that is filled first
    try {
      return await profileRecipe(recipe, { ...asked, signal, onStep, listeners });
    } catch (error) {
      throw error === signal.reason ? interruption.error("interrupted") : error;
    }
  }
}
