import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { newCommand } from "../../options.js";
import { output } from "../../output.js";
import { counted } from "../../../support/text.js";

const examples = `
Writes annotation JSON for DIR/train/CLASS/ or DIR/test/CLASS/, as NCL's PyTorch code reads it. Classes are numbered in the
order of their names. Where a conversion made the folder, DIR/train.json lies there: the classes then keep its numbers, and
what it says of images that are still there is kept, so that JSON to folder and back loses nothing.

Examples:
  longtail data convert folder my-photos --out train.json
  longtail data convert folder my-photos --split test --out /data/test.json --root /data/my-photos`;

interface FolderArguments {
  readonly out: string;
  readonly split: "train" | "test";
  readonly root: string;
  readonly force: boolean;
  readonly json: boolean;
}

export function convertFolderCommand(): CommandUnknownOpts {
  return newCommand("folder")
    .description("a folder a class to annotation JSON")
    .argument("<folder>", "has train/CLASS/ and test/CLASS/")
    .requiredOption("--out <file>", "the annotation JSON")
    .addOption(
      new Option("--split <name>", "which images")
        .choices(["train", "test"] as const)
        .default("train" as const),
    )
    .option("--root <folder>", "put before the paths, which else start in the folder", "")
    .option("--force", "replace what is there", false)
    .addHelpText("after", examples)
    .action(convert);
}

async function convert(root: string, options: FolderArguments): Promise<void> {
  const { annotateFolder } = await import("../../../dataset-tools/convert/from-folder.js");
  const { out, split, root: prefix, force } = options;
  const result = annotateFolder({ root, split, out, prefix, force });
  const to = output(options);
  const kept = result.known === 0 ? "" : `, ${result.known} of them with what ${split}.json says`;
  to.say(
    `${counted(result.images, "image")}${kept}, ${counted(result.classes, "class", "classes")}\n  ${out}`,
  );
  to.value({ file: out, ...result });
}
