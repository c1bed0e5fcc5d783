import { type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { WrittenPart } from "../../dataset-tools/convert/split.js";
import { UsageError } from "../../index.js";
import type { DataArguments } from "./data-arguments.js";
import { newDataCommand, wholeNumber } from "../options.js";
import { output } from "../output.js";
import { maxOf, minOf } from "../../support/math.js";

const examples = `
Writes OUT/train.json and, as asked, OUT/held-out.json and OUT/test.json, in this order of steps:
  1. --test-per-class N    takes exactly N images of each class to test on, so that all classes weigh alike; or
     --test-fraction F     takes that share of each class, so that the test split is as uneven as the data
  2. --imbalance R         keeps a long-tailed subset of the rest: the largest class has R times the images of the smallest,
                           those between fall off exponentially (Cui et al., CVPR 2019)
  3. --fraction F          holds out that share of each class of the rest, to choose a setting by; or
     --per-class N         holds out N images of each class

Every class keeps an image to train on. Small classes: by share a class gives round(F x n) of its n images but never all;
one that this rounds to none gives none. --per-class takes at most half of a class. --test-per-class refuses data with a
class that has no more than N images. The same seed takes the same images. A training holds out --fraction 0.1 --seed 0 by
itself (selection.kind).

Of annotation JSON every other field is kept. Paths stay as they are: use the new files with the same data folder.

Examples:
  longtail data split my-photos --fraction 0.1 --out splits
  longtail data split --data my-photos --test-per-class 10 --fraction 0.1 --out splits
  longtail data split --data balanced --imbalance 100 --out lt100 --as list
  longtail train RECIPE --data my-photos --set data.kind=annotations --set data.trainFile=$PWD/splits/train.json \\
    --set data.testFile=$PWD/splits/held-out.json`;

interface SplitArguments extends DataArguments {
  readonly out: string;
  readonly testPerClass?: number | undefined;
  readonly testFraction?: number | undefined;
  readonly imbalance?: number | undefined;
  readonly fraction?: number | undefined;
  readonly perClass?: number | undefined;
  readonly seed: number;
  readonly as: "json" | "list";
  readonly force: boolean;
  readonly json: boolean;
}

export function splitCommand(): CommandUnknownOpts {
  return newDataCommand("split")
    .description("take test images, held-out images or a long-tailed subset from the training images")
    .requiredOption("--out <folder>", "where the files of the parts go")
    .option("--test-per-class <n>", "test images: as many of each class", wholeNumber(1))
    .addOption(
      new Option("--test-fraction <f>", "test images: a share of each class")
        .argParser(share)
        .conflicts("testPerClass"),
    )
    .option("--imbalance <r>", "keep a long-tailed subset: largest class over smallest", imbalance)
    .option("--fraction <f>", "held-out images: a share of each class", share)
    .addOption(
      new Option("--per-class <n>", "held-out images: as many of each class")
        .argParser(wholeNumber(1))
        .conflicts("fraction"),
    )
    .option("--seed <n>", "chooses the images", wholeNumber(0), 0)
    .addOption(
      new Option("--as <format>", "annotation JSON or a list")
        .choices(["json", "list"] as const)
        .default("json" as const),
    )
    .option("--force", "replace what is there", false)
    .addHelpText("after", examples)
    .action(split);
}

async function split(recipe: string | undefined, settings: string[], options: SplitArguments): Promise<void> {
  const { fraction, perClass, testFraction, testPerClass, seed, out, as: format, force } = options;
  const heldOut = portionOf(fraction, perClass);
  const test = portionOf(testFraction, testPerClass);
  const plan = { test, imbalance: options.imbalance ?? null, heldOut, seed };
  if (test === null && heldOut === null && plan.imbalance === null) {
    throw new UsageError(
      "nothing to do: expected --fraction or --per-class, --test-fraction or --test-per-class, or --imbalance",
    );
  }
  const { chooseData } = await import("./data-arguments.js");
  const { splitData } = await import("../../dataset-tools/convert/split.js");
  const { data } = await chooseData(recipe, settings, options);
  const parts = await splitData(data, { plan, out, format, force });
  const to = output(options);
  const { formatTable } = await import("../../support/table.js");
  to.say(formatTable(["", "images", "classes", "largest", "smallest", "imbalance"], parts.map(row)));
  to.say(parts.map(({ file }) => `  ${file}`).join("\n"));
  to.value({ seed, parts });
}

function portionOf(fraction: number | undefined, perClass: number | undefined) {
  if (fraction !== undefined) return { fraction };
  return perClass === undefined ? null : { perClass };
}

function row({ name, images, counts }: WrittenPart): (string | number)[] {
  const present = counts.filter((count) => count > 0);
  const [largest, smallest] = [maxOf(present), minOf(present)];
  return [name, ...[images, present.length, largest, smallest].map(String), largest / smallest];
}

function share(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError("Expected a number between 0 and 1.");
}

function imbalance(text: string): number {
  const value = Number(text);
  if (value >= 1 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number >= 1.");
}
