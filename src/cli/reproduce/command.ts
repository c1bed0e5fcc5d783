import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { FailedCheck } from "../failed-check.js";
import { newCommand, threadsOption } from "../options.js";
import { output } from "../output.js";

interface ReproduceArguments {
  readonly data?: string | undefined;
  readonly out?: string | undefined;
  readonly threads?: number | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail reproduce runs/cifar100-lt-ncl
  longtail reproduce runs/cifar100-lt-ncl --data DIR --out runs/again

Trains again by the run's recipe.json: same recipe, seed, device and number of threads. Says whether the data, the versions
and the machine are the same, and whether the results are: on the same machine they are equal to the digit.
Exit code 1 when they differ.`;

export function reproduceCommand(): CommandUnknownOpts {
  return newCommand("reproduce")
    .description("train a run again from what it wrote down, and compare the results")
    .argument("<run>", "a run's folder")
    .option("--data <folder>", "the data's folder (default: the one of the run)")
    .option("--out <folder>", "the new run's folder (default: RUN-again, RUN-again-2, …)")
    .addOption(threadsOption())
    .addHelpText("after", examples)
    .action(reproduce);
}

async function reproduce(run: string, options: ReproduceArguments): Promise<void> {
  const { reproduceRun } = await import("./action.js");
  const to = output(options);
  const reproduction = await reproduceRun(run, { ...options, output: to });
  to.value(reproduction);
  if (!reproduction.same) throw new FailedCheck(`${reproduction.again}: another result than ${run}`);
}
