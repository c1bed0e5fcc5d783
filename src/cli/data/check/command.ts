import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { counted, shellQuoted } from "../../../support/text.js";
import type { DataArguments } from "../data-arguments.js";
import { FailedCheck } from "../../exit.js";
import { newDataCommand, wholeNumber } from "../../options.js";
import { output } from "../../output.js";

interface CheckArguments extends DataArguments {
  readonly out?: string | undefined;
  readonly resume: boolean;
  readonly strict: boolean;
  readonly distance?: number | undefined;
  readonly threads?: number | undefined;
  readonly json: boolean;
}

const examples = `
Looks at every image of the training, the validation and the test split: can it be decoded, is it whole, is it there
twice, in several splits, or under several labels; and at the classes. Writes a report to look at (index.html), the same for programs
(check.json), and what was seen of each image (inspections.jsonl), so that an interrupted check resumes where it
was and one that is repeated looks only at what has changed.

Errors stop a training or make its result wrong, warnings may cost accuracy, notes are for information. The exit code
is 1 when there are errors; with --strict also when there are warnings.

Examples:
  longtail data check my-photos
  longtail data check imagenet-lt-ncl --data ~/data/imagenet
  longtail data check --data places --set data.trainFile=Places_LT_train.txt --set data.testFile=Places_LT_test.txt
  longtail data check --data my-photos --json > findings.json`;

export function checkCommand(): CommandUnknownOpts {
  return newDataCommand("check")
    .description("find what is wrong with data before training: damaged images, duplicates, leaks, classes")
    .option("--out <folder>", "where the report goes (default: checks/NAME)")
    .option("--no-resume", "look at every image again")
    .option("--strict", "fail on warnings, too", false)
    .option(
      "--distance <bits>",
      "how different images that are nearly the same may look, in bits of 64 (default: 6; 0 finds fewer)",
      wholeNumber(0),
    )
    .option("--threads <n>", "threads that look at images (default: one for each core)", wholeNumber(1))
    .addHelpText("after", examples)
    .action(check);
}

async function check(recipe: string | undefined, settings: string[], options: CheckArguments): Promise<void> {
  const { chooseData } = await import("../data-arguments.js");
  const { runCheck } = await import("./action.js");
  const chosen = await chooseData(recipe, settings, options);
  const { summary, page, usable } = await runCheck(chosen, {
    out: options.out ?? join("checks", chosen.name),
    resume: options.resume,
    bits: options.distance,
    threads: options.threads ?? availableParallelism(),
  });
  const { textReport, verdict } = await import("../../../dataset-tools/check/report/text.js");
  const to = output(options);
  to.say(textReport(summary));
  to.say(`\nThe report with pictures: ${page}`);
  if (usable !== null)
    to.say(
      `\nTo train without the ${counted(usable.leftOut, "image")} that cannot be decoded: --no-strict, or these lists of the others\n` +
        `  longtail train RECIPE --data ${shellQuoted(chosen.data.root)} ${usable.settings}`,
    );
  to.value({ ...summary, report: page, usable });
  const { error, warning } = summary.counts;
  if (error > 0 || (options.strict && warning > 0)) throw new FailedCheck(verdict(summary));
}
