import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { formatAccuracy, type Reproduction } from "../../index.js";
import { FailedCheck } from "../exit.js";
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

Trains again by the run's recipe.json: same recipe, seed, device, kernels and number of threads. Says whether the data, the versions
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
  const { reproduceWatched } = await import("../train/action.js");
  const { data, out, threads } = options;
  const to = output(options);
  const reproduction = await reproduceWatched(run, { data, out, threads, output: to });
  const { again, same, differences, results } = reproduction;
  for (const difference of differences) to.say(`not as it was: ${difference}`);
  to.say(same ? `\n${again}: the same result as ${run}, to the digit` : `\n${comparison(results)}`);
  to.value({ run, again, same, differences });
  if (!same) throw new FailedCheck(`${again}: another result than ${run}`);
}

function comparison({ before, now }: Reproduction["results"]): string {
  return formatAccuracy("accuracy of the ensemble, %", [
    ["then", before.ensemble],
    ["now", now.ensemble],
  ]);
}
