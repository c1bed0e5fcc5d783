import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DownloadError, type EvaluationResult, formatAccuracy } from "../../index.js";
import { freshRunFolder } from "../../runs/run-folder.js";
import { shellQuoted } from "../../support/text.js";
import { secondsSince } from "../../support/units.js";
import { collect, newCommand, threadsOption, wholeNumber } from "../options.js";
import { output } from "../output.js";
import { recipeFrom } from "../recipe-arguments.js";

interface QuickstartArguments {
  readonly set: readonly string[];
  readonly out?: string | undefined;
  readonly seed?: number | undefined;
  readonly threads?: number | undefined;
  readonly json: boolean;
}

const examplesFolder = fileURLToPath(new URL("../../../examples/caltech20-lt", import.meta.url));

/** A network that quickstart trains, and a line of its table. */
interface QuickstartRow {
  /** Key of the result in --json. */
  readonly key: string;
  /** Name of the run's folder. */
  readonly folder: string;
  readonly recipe: string;
  /** Name in the table. */
  readonly name: string;
}

/** Networks in the order of the table. The last one starts from published weights. */
export const quickstartRows: readonly [...QuickstartRow[], QuickstartRow] = [
  { key: "crossEntropy", folder: "ce", recipe: "caltech20-lt-ce", name: "cross-entropy" },
  {
    key: "balancedSoftmax",
    folder: "balanced-softmax",
    recipe: "caltech20-lt-balanced-softmax",
    name: "balanced softmax",
  },
  {
    key: "balancedSoftmax3",
    folder: "balanced-softmax-3",
    recipe: "caltech20-lt-balanced-softmax-3",
    name: "balanced softmax, three",
  },
  { key: "ncl", folder: "ncl", recipe: "caltech20-lt-ncl", name: "NCL, three" },
  {
    key: "pretrained",
    folder: "pretrained",
    recipe: "caltech20-lt-pretrained",
    name: "pretrained, corrected",
  },
];

const explanation = `
Trains on the same photographs, 20 classes of which some have few images: plain cross-entropy, balanced softmax with one
network and with the mean of three, and NCL, whose three networks also learn from one another; then a classifier by balanced softmax on a
network that was trained on ImageNet. The runs are kept, to be evaluated and used. It takes about five minutes on two cores.`;

export function quickstartCommand(): CommandUnknownOpts {
  return newCommand("quickstart")
    .description("train NCL and simpler methods on photographs that are part of longtail, and compare them")
    .option("--out <folder>", "where the runs go (default: runs/quickstart, or runs/quickstart-2, …)")
    .option("--seed <n>", "seed of every random choice", wholeNumber(0))
    .option("--set <key=value>", "change a key of all recipes; can be given many times", collect, [])
    .addOption(threadsOption())
    .addHelpText("after", explanation)
    .action(quickstart);
}

async function quickstart({ set, seed, threads, ...options }: QuickstartArguments): Promise<void> {
  const { trainWatched } = await import("../train/action.js");
  const to = output(options);
  const started = performance.now();
  const out = options.out ?? freshRunFolder(join("runs", "quickstart"));
  const results: (readonly [QuickstartRow, EvaluationResult])[] = [];
  for (const row of quickstartRows) {
    const recipe = await recipeFrom(row.recipe, { set, data: examplesFolder, seed });
    try {
      results.push([row, await trainWatched(recipe, { out: join(out, row.folder), threads, output: to })]);
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      to.say(`left out: ${row.name}: ${error.message}`);
    }
    to.say("");
  }
  to.say(
    `${formatAccuracy(
      "accuracy, %",
      results.map(([row, { ensemble }]) => [row.name, ensemble]),
    )}\n`,
  );
  to.say(nextSteps(out, secondsSince(started)));
  to.value({
    ...Object.fromEntries(results.map(([{ key }, result]) => [key, result])),
    runs: Object.fromEntries(results.map(([{ key, folder }]) => [key, join(out, folder)])),
  });
}

function nextSteps(out: string, seconds: number): string {
  const run = shellQuoted(join(out, "ncl"));
  const photo = join(examplesFolder, "test", "helicopter", "image_0077.jpg");
  return `many, medium and few: classes with more than 100, 20 to 100 and fewer than 20 training images.
The runs took ${seconds.toFixed(0)} s and lie in ${out}: recipe.json, metrics.jsonl, result.json, checkpoints.

Next:
  npx longtail evaluate ${run}                       every class
  npx longtail predict ${run} ${shellQuoted(photo)}
  npx longtail fit my-photos                                  your own: my-photos/CLASS/*.jpg
  npx longtail recipes                                        what else there is

The report of NCL, to be opened in a browser: ${join(resolve(out), "ncl", "report", "index.html")}`;
}
