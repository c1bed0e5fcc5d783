import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { convertFolderCommand } from "./folder.js";
import { convertImagesCommand } from "./images.js";
import { convertJsonCommand } from "./json.js";
import { convertTfRecordCommand } from "./tfrecord.js";
import type { FileKind } from "../../../dataset-tools/convert/labeled-file.js";
import { newCommand } from "../../options.js";
import { output } from "../../output.js";
import { counted } from "../../../support/text.js";

const help = `
Writes annotation JSON as NCL's PyTorch code reads it: { "annotations": [{ "image_id", "fpath", "category_id" }, ...],
"num_classes", "categories" }. The images are not looked at. --root puts a folder before relative paths; without it the
JSON is for the data folder that the paths start in.

Examples:
`;

interface ListKind {
  readonly kind: Exclude<FileKind, "annotations">;
  readonly description: string;
  readonly examples: string;
}

const KINDS: readonly ListKind[] = [
  {
    kind: "list",
    description: '"path label" lines, as ImageNet-LT and Places-LT are published, to annotation JSON',
    examples: `  longtail data convert list ImageNet_LT_train.txt --out ImageNet_LT_train.json --root /data/imagenet
  longtail data convert list Places_LT_train.txt --out train.json --class-names classnames.txt`,
  },
  {
    kind: "csv",
    description: "CSV with a column of paths and one of labels to annotation JSON",
    examples:
      "  longtail data convert csv train.csv --out train.json --image-column file --label-column species",
  },
  {
    kind: "inaturalist",
    description: "iNaturalist's own JSON to annotation JSON",
    examples:
      "  longtail data convert inaturalist train2018.json --out iNat18_train.json --root /data/inat18",
  },
];

/** A command for each kind of file that lists images. */
function convertListCommands(): CommandUnknownOpts[] {
  return KINDS.map(({ kind, description, examples }) =>
    newCommand(kind)
      .description(description)
      .argument("<file>", "what to convert")
      .requiredOption("--out <file>", "the annotation JSON")
      .option("--root <folder>", "put before the paths", "")
      .option(
        "--class-names <file>",
        "names in the order of the labels (default: found in the file or its paths)",
      )
      .option("--image-column <name>", "CSV's column of paths", "image")
      .option("--label-column <name>", "CSV's column of labels", "label")
      .option("--force", "replace what is there", false)
      .addHelpText("after", help + examples)
      .action((file, options) => convert(kind, file, options)),
  );
}

interface ListArguments {
  readonly out: string;
  readonly root: string;
  readonly classNames?: string | undefined;
  readonly imageColumn: string;
  readonly labelColumn: string;
  readonly force: boolean;
  readonly json: boolean;
}

async function convert(kind: ListKind["kind"], file: string, options: ListArguments): Promise<void> {
  const { convertList } = await import("../../../dataset-tools/convert/list-to-json.js");
  const { out, root: prefix, classNames = null, imageColumn: image, labelColumn: label, force } = options;
  const result = convertList({ file, kind, out, prefix, classNames, columns: { image, label }, force });
  const to = output(options);
  to.say(`${counted(result.images, "image")}, ${counted(result.classes, "class", "classes")}\n  ${out}`);
  to.value({ file: out, ...result });
}

const examples = `
Examples:
  longtail data convert tfrecord cifar-100-data-im-0.01/train.tfrecords --out cifar100-lt
  longtail data convert images cifar100-lt-ncl --data data --out cifar100-lt
  longtail data convert list ImageNet_LT_train.txt --out train.json --root /data/imagenet
  longtail data convert json train.json --out photos --as folder --link hard
  longtail data convert folder photos --out train.json`;

/** A command for each format that is converted from, in convert/. */
export function convertCommand(): CommandUnknownOpts {
  const command = new Command("convert").description("write a data set in another format");
  for (const made of [
    convertTfRecordCommand(),
    convertImagesCommand(),
    ...convertListCommands(),
    convertJsonCommand(),
    convertFolderCommand(),
  ]) {
    command.addCommand(made);
  }
  return command.addHelpText("after", examples);
}
