import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { UsageError, writeReport } from "../../index.js";
import { newCommand } from "../options.js";
import { output } from "../output.js";
import { progressDisplay } from "../progress.js";

interface ReportArguments {
  readonly out?: string | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail report runs/cifar100-lt-ncl
  longtail report runs/*                                    each run's report anew
  longtail report runs/cifar100-lt-ncl --out ncl.html

A training makes the report at its end; this makes it again, or of a run that is still going on. It is one HTML file that
needs no other and can be sent to people: result by group and class, mistakes with pictures, calibration, agreement of the
experts, curves, the data and the recipe. Pictures come from the run's data as it lies there now.`;

export function reportCommand(): CommandUnknownOpts {
  return newCommand("report")
    .description("make the page about a run: result, classes, mistakes, calibration, curves, data, recipe")
    .argument("<run...>", "folders of runs")
    .option("--out <file>", "where the page goes, of one run (default: RUN/report/index.html)")
    .addHelpText("after", examples)
    .action(report);
}

async function report(runs: string[], options: ReportArguments): Promise<void> {
  if (options.out !== undefined && runs.length > 1)
    throw new UsageError(`--out names one file; expected one run, found ${runs.length}`);
  const to = output(options);
  using progress = progressDisplay(process.stderr);
  for (const [done, run] of runs.entries()) {
    progress.show({ done, total: runs.length, text: run });
    const path = await writeReport(run, { out: options.out });
    to.say(path);
    to.value({ run, report: path });
  }
}
