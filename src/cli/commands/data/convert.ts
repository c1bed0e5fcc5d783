import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Command } from "@commander-js/extra-typings";
import { convertTfRecordCommand } from "./convert/tfrecord.js";

const examples = `
Examples:
  longtail data convert tfrecord cifar-100-data-im-0.01/train.tfrecords --out cifar100-lt`;

/** A command a format that is converted from, a file each in convert/. */
export function convertCommand(): CommandUnknownOpts {
  return new Command("convert")
    .description("write a data set in another format")
    .addCommand(convertTfRecordCommand())
    .addHelpText("after", examples);
}
