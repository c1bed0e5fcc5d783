import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Guide, StepState } from "../../dataset-tools/guides/guide.js";
import { UsageError } from "../../support/errors.js";
import { newCommand } from "../options.js";
import { output } from "../output.js";

const examples = `
Shows the commands that lead from the publisher's files to training, with your folder in them, and which of them are done
already. It changes nothing.

Examples:
  longtail data guide                                  the data sets that there are guides for
  longtail data guide imagenet-lt --root /data/imagenet
  longtail data guide places-lt --root /data/places --json`;

export function guideCommand(): CommandUnknownOpts {
  return newCommand("guide")
    .description("how to get from a publisher's files to training, command by command")
    .argument("[name]", "cifar10-lt, cifar100-lt, imagenet-lt, inat18 or places-lt")
    .option("--root <folder>", "your data folder, there already or not", "data")
    .addHelpText("after", examples)
    .action(show);
}

async function show(name: string | undefined, options: { root: string; json: boolean }): Promise<void> {
  const { guides } = await import("../../dataset-tools/guides/registry.js");
  const to = output(options);
  if (name === undefined) {
    for (const { name: known, title } of guides) to.say(`${known.padEnd(14)}${title}`);
    to.value(guides.map(({ name: known, title, about }) => ({ name: known, title, about })));
    return;
  }
  const guide = guides.find((known) => known.name === name) ?? (await unknown(name, guides));
  const { stepStates } = await import("../../dataset-tools/guides/guide.js");
  const steps = stepStates(guide, options.root);
  to.say([`${guide.title}: ${guide.about}`, ...steps.map(describe)].join("\n\n"));
  to.value({ name, root: options.root, steps });
}

function describe({ title, commands, makes, done }: StepState, place: number): string {
  const lines = commands.map((command) => `     ${command}`);
  const problems = makes.flatMap(({ path, problem }) =>
    problem === null ? [] : [`     ${path}: ${problem}`],
  );
  return [`${place + 1}. ${done ? "(done) " : ""}${title}`, ...lines, ...problems].join("\n");
}

async function unknown(name: string, guides: readonly Guide[]): Promise<never> {
  const { nearest } = await import("../../support/text.js");
  const names = guides.map((known) => known.name);
  const meant = nearest(name, names);
  throw new UsageError(
    `no guide for "${name}"; expected one of ${names.join(", ")}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
  );
}
