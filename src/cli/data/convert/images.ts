import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { say, qualityOption, whileShowing } from "./conversion.js";
import type { DataArguments } from "../data-arguments.js";
import { newDataCommand } from "../../options.js";
import { counted } from "../../../support/text.js";

const examples = `
Writes the images of any data that can be trained on as DIR/train/CLASS/NUMBER and DIR/train.json: CIFAR's records and
other pixels as PNG, image files as they are, also those that lie in Parquet files or tar archives. With a recipe, the
images that it trains on: of cifar100-lt-ncl the long-tailed subset.

Examples:
  longtail data convert images cifar100-lt-ncl --data data --out cifar100-lt100
  longtail data convert images --data data --kind cifar100 --split test --out cifar100-lt100
  longtail data convert images --data shards --kind webdataset --out photos`;

interface ImagesArguments extends DataArguments {
  readonly out: string;
  readonly split: "train" | "test";
  readonly format: "png" | "jpeg";
  readonly quality: number;
  readonly force: boolean;
  readonly json: boolean;
}

export function convertImagesCommand(): CommandUnknownOpts {
  return newDataCommand("images")
    .description("any data to image files in a folder a class, and annotation JSON")
    .requiredOption("--out <folder>", "where the images and the JSON go")
    .addOption(
      new Option("--split <name>", "which images")
        .choices(["train", "test"] as const)
        .default("train" as const),
    )
    .addOption(
      new Option("--format <name>", "of pixels: png keeps every one, jpeg loses detail")
        .choices(["png", "jpeg"] as const)
        .default("png" as const),
    )
    .addOption(qualityOption())
    .option("--force", "replace what is there", false)
    .addHelpText("after", examples)
    .action(convert);
}

async function convert(
  recipe: string | undefined,
  settings: string[],
  options: ImagesArguments,
): Promise<void> {
  const { chooseData } = await import("../data-arguments.js");
  const { convertImages, openToConvert } = await import("../../../dataset-tools/convert/images.js");
  const { data } = await chooseData(recipe, settings, options);
  const dataset = await openToConvert(data, options.split);
  const result = await whileShowing((show) =>
    convertImages(dataset, {
      ...options,
      onProgress: ({ done, total }) => show({ done, total, text: `${done} of ${counted(total, "image")}` }),
    }),
  );
  say(result, options);
}
