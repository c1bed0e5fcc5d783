import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { compare, type Comparison } from "../../index.js";
import { newCommand } from "../options.js";
import { output } from "../output.js";
import { progressDisplay } from "../progress.js";

interface CompareArguments {
  readonly out?: string | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail compare runs/quickstart/ce runs/quickstart/ncl
  longtail compare runs/ce-seeds runs/ncl-seeds --out compare.html       folders that train --seeds made
  longtail compare runs/* --json > comparison.json

Runs that differ in nothing but the seed are one row: mean ± sample standard deviation. The other rows are held against the
first. Where both have two seeds or more, the difference has its 95 % confidence interval and the p value of Welch's t-test,
which does not take the two spreads as equal; among several rows interval and p are adjusted by Bonferroni's rule. Seeds are what varies:
they stand for what another training would give. Test images are not what varies, so a run alone gets no p value, however
many test images there are: it says nothing of how another training would end. A run that is there twice, with the same
seed, counts once.`;

export function compareCommand(): CommandUnknownOpts {
  return newCommand("compare")
    .description("compare runs in one table, over seeds with their significance; as a page, too")
    .argument(
      "<run...>",
      "folders of runs, or folders of several; the first is what the others are held against",
    )
    .option("--out <file>", "write a page with the table and overlaid plots, such as compare.html")
    .addHelpText("after", examples)
    .action(compareFolders);
}

async function compareFolders(runs: string[], options: CompareArguments): Promise<void> {
  const { comparisonText } = await import("../../report/compare/text.js");
  const to = output(options);
  const comparison = await watched();
  to.say(comparisonText(comparison));
  if (options.out !== undefined) to.say(`\nThe page: ${options.out}`);
  to.value({ ...comparison, page: options.out ?? null });

  async function watched(): Promise<Comparison> {
    using progress = progressDisplay(process.stderr);
    return await compare(runs, { out: options.out, onProgress: progress.show });
  }
}
