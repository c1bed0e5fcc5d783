import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { convertFolderCommand } from "./folder.js";
import { convertImagesCommand } from "./images.js";
import { convertJsonCommand } from "./json.js";
import { convertListCommands } from "./list.js";
import { convertTfRecordCommand } from "./tfrecord.js";

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
