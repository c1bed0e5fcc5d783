import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type EvaluationResult, formatAccuracy } from "../../index.js";
import { freshRunFolder } from "../../runs/run-folder.js";
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

const explanation = `
Trains plain cross-entropy and NCL on the same photographs: 20 classes, of which some have few images. Both
runs are kept, to be evaluated and used. It takes some minutes on two cores.`;

export function quickstartCommand(): CommandUnknownOpts {
  return newCommand("quickstart")
    .description("train cross-entropy and NCL on photographs that are part of longtail, and compare them")
    .option("--out <folder>", "where the two runs go (default: runs/quickstart, or runs/quickstart-2, …)")
    .option("--seed <n>", "seed of every random choice", wholeNumber(0))
    .option("--set <key=value>", "change a key of both recipes; can be given many times", collect, [])
    .addOption(threadsOption())
    .addHelpText("after", explanation)
    .action(quickstart);
}

async function quickstart({ set, seed, threads, ...options }: QuickstartArguments): Promise<void> {
  const { trainWatched } = await import("../train/action.js");
  const to = output(options);
  const started = performance.now();
  const out = options.out ?? freshRunFolder(join("runs", "quickstart"));
  const train = async (method: "ce" | "ncl") => {
    const recipe = await recipeFrom(`caltech20-lt-${method}`, { set, data: examplesFolder, seed });
    return trainWatched(recipe, { out: join(out, method), threads, output: to });
  };
  const crossEntropy = await train("ce");
  const ncl = await train("ncl");
  to.say(`\n${comparisonTable({ crossEntropy, ncl })}\n`);
  to.say(nextSteps(out, secondsSince(started)));
  to.value({ crossEntropy, ncl, runs: { crossEntropy: join(out, "ce"), ncl: join(out, "ncl") } });
}

/** Accuracy in percent by group: cross-entropy, NCL's ensemble and each of its experts. */
function comparisonTable({ crossEntropy, ncl }: Record<"crossEntropy" | "ncl", EvaluationResult>): string {
  return formatAccuracy("accuracy, %", [
    ["cross-entropy", crossEntropy.ensemble],
    ["NCL, ensemble", ncl.ensemble],
    ...ncl.experts.map((expert, k) => [`NCL, expert ${k + 1}`, expert] as const),
  ]);
}

function nextSteps(out: string, seconds: number): string {
  const photo = join(examplesFolder, "test", "helicopter", "image_0077.jpg");
  return `many, medium and few: classes with more than 100, 20 to 100 and fewer than 20 training images.
Both runs took ${seconds.toFixed(0)} s and lie in ${out}: recipe.json, metrics.jsonl, result.json, checkpoints.

Next:
  npx longtail evaluate ${join(out, "ncl")}                       every class
  npx longtail predict ${join(out, "ncl")} ${photo}
  npx longtail train caltech20-lt-ncl --data my-photos        your own: my-photos/{train,test}/CLASS/*.jpg
  npx longtail recipes                                        what else there is

The report of NCL, to be opened in a browser: ${join(resolve(out), "ncl", "report", "index.html")}`;
}
