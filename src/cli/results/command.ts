import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import {
  consoleListener,
  type KernelChoice,
  type ResultsTable,
  runResults,
  type TableProgress,
} from "../../index.js";
import { mean } from "../../support/math.js";
import { formatSeconds, secondsSince } from "../../support/units.js";
import { onInterrupt } from "../exit.js";
import { kernelsOption, newCommand, threadsOption, trainingDeviceOption } from "../options.js";
import { output, type Output } from "../output.js";
import { quiet } from "../progress.js";
import { counted, shellQuoted } from "../../support/text.js";

interface ResultsArguments {
  readonly out: string;
  readonly device?: string | undefined;
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly json: boolean;
}

const examples = `
A table is a YAML (or JSON) file of recipes and seeds:

  data: cifar-100-binary                 # folder of the images; paths start at the table's folder
  seeds: [0, 1, 2]
  runs:
    - recipe: cifar100-lt-ncl
      reported: { ensemble: 54.2, expert: 53.3, source: "Li et al., CVPR 2022, Table 1" }
    - recipe: cifar100-lt-ncl
      name: ncl-cosine                   # a row that changes keys has a name of its own
      set: { schedule.kind: cosine, epochs: 200 }
      seeds: [0]

Examples:
  longtail results run table.yaml --out results
  longtail results run table.yaml --out results          again after any end: finished runs stay, others are resumed
  longtail results run table.yaml --out results --device cuda:1     beside another on cuda:0: each takes the next run

results.md and results.json have a row for each run with accuracy by group, calibration, hours, interruptions, commit and
machine, beside what is reported; results/record has each run's recipe.json, result.json, epochs.csv and report, no weights.`;

/** Tables of runs. */
export function resultsCommand(): CommandUnknownOpts {
  return new Command("results")
    .description("train a table of recipes and seeds, and write the table of their results")
    .addCommand(
      newCommand("run")
        .description("train every run of a table that is not finished yet, one after the other")
        .argument("<table>", "YAML or JSON file with recipes, seeds and reported numbers")
        .option("--out <folder>", "folder of the runs and of the results", "results")
        .addOption(trainingDeviceOption())
        .addOption(threadsOption())
        .addOption(kernelsOption())
        .addHelpText("after", examples)
        .action(run),
    );
}

async function run(table: string, { json, out, device, threads, kernels }: ResultsArguments): Promise<void> {
  const to = output({ json });
  using interruption = onInterrupt("ending after this step, with a checkpoint");
  const { signal } = interruption;
  const result = await runResults(table, {
    out,
    device,
    threads,
    kernels,
    signal,
    command: ["longtail", ...process.argv.slice(2)],
    listeners: [consoleListener(to.people, { quiet: quiet() })],
    onRun: progressLines(to),
  }).catch((error: unknown) => {
    throw signal.aborted && error === signal.reason
      ? interruption.error(
          `interrupted; \`longtail results run ${shellQuoted(table)} --out ${shellQuoted(out)}\` goes on where it stopped`,
        )
      : error;
  });
  to.say(`\n${summary(result, out)}`);
  to.value(result);
}

/** Says which run it is, and after the first one about how long the rest takes. */
function progressLines(to: Output): (progress: TableProgress) => void {
  let started = performance.now();
  const seconds: number[] = [];
  return ({ name, seed, index, count, what, message }) => {
    if (what === "done before") return;
    const place = `run ${index + 1} of ${count}: ${name}, seed ${seed}`;
    if (what === "starts") {
      started = performance.now();
      to.say(`\n${place}`);
      return;
    }
    if (what === "elsewhere") {
      to.say(`${place}: another process trains it; left to that one`);
      return;
    }
    if (what === "failed") {
      to.say(`${place} failed: ${message}`);
      return;
    }
    seconds.push(secondsSince(started));
    const left = count - index - 1;
    if (left > 0)
      to.say(
        `${counted(left, "run")} left, about ${formatSeconds(left * mean(seconds))} if each takes as long`,
      );
  };
}

function summary({ rows, left }: ResultsTable, out: string): string {
  const of = (state: string): number => rows.filter((row) => row.state === state).length;
  const parts = [
    `${of("finished")} finished`,
    ...(of("unfinished") > 0 ? [`${of("unfinished")} unfinished`] : []),
    ...(of("failed") > 0 ? [`${of("failed")} failed`] : []),
    ...(left > 0 ? [`${left} not begun`] : []),
  ];
  return `${parts.join(", ")}; the table is ${out}/results.md`;
}
