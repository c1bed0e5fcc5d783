import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { LinkKind } from "../../../dataset-tools/convert/to-folder.js";
import { newCommand } from "../../options.js";
import { say, whileShowing } from "./conversion.js";
import { counted } from "../../../support/text.js";

const examples = `
Puts the images of annotation JSON into DIR/train/CLASS/ and writes DIR/train.json: the same JSON with the new paths, from
DIR. Every other field stays as it is. The JSON given is not touched.

Examples:
  longtail data convert json cifar100_train.json --out cifar100-lt --as folder
  longtail data convert json valid.json --out photos --as folder --split test --link hard`;

interface JsonArguments {
  readonly out: string;
  readonly as: "folder";
  readonly split: "train" | "test";
  readonly root?: string | undefined;
  readonly classNames?: string | undefined;
  readonly link: LinkKind;
  readonly force: boolean;
  readonly json: boolean;
}

export function convertJsonCommand(): CommandUnknownOpts {
  return newCommand("json")
    .description("annotation JSON to a folder a class")
    .argument("<file>", "annotation JSON")
    .requiredOption("--out <folder>", "where the images and the JSON go")
    .addOption(
      new Option("--as <format>", "what it becomes").choices(["folder"] as const).default("folder" as const),
    )
    .addOption(
      new Option("--split <name>", "which split it is")
        .choices(["train", "test"] as const)
        .default("train" as const),
    )
    .option("--root <folder>", "where relative paths start (default: the JSON's folder)")
    .option(
      "--class-names <file>",
      "names in the order of the labels (default: found in the JSON or its paths)",
    )
    .addOption(
      new Option("--link <kind>", "copy the images, or only link to them")
        .choices(["copy", "hard", "symbolic"] as const)
        .default("copy" as const),
    )
    .option("--force", "replace what is there", false)
    .addHelpText("after", examples)
    .action(convert);
}

async function convert(file: string, options: JsonArguments): Promise<void> {
  const { convertToFolder } = await import("../../../dataset-tools/convert/to-folder.js");
  const { root = null, classNames = null } = options;
  const result = await whileShowing((show) =>
    convertToFolder({
      ...{ ...options, file, root, classNames },
      onProgress: ({ done, total }) => show({ done, total, text: `${done} of ${counted(total, "image")}` }),
    }),
  );
  say(result, options);
}
