import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { checkCommand } from "./check/command.js";
import { convertCommand } from "./convert/command.js";
import { downloadCommand } from "./download.js";
import { guideCommand } from "./guide.js";
import { infoCommand } from "./info/command.js";
import { replaceRootCommand } from "./replace-root.js";
import { splitCommand } from "./split.js";

const examples = `
Examples:
  longtail data guide imagenet-lt --root /data/imagenet
  longtail data download cifar100 --to data
  longtail data info --data my-photos
  longtail data check --data my-photos
  longtail data convert tfrecord train.tfrecords --out cifar100-lt
  longtail data replace-root train.json --from /old/images --to /new/images
  longtail data split --data my-photos --fraction 0.1 --out splits`;

/** The commands on data sets, one file each in data/. */
export function dataCommand(): CommandUnknownOpts {
  return new Command("data")
    .description("prepare data sets")
    .addCommand(guideCommand())
    .addCommand(downloadCommand())
    .addCommand(infoCommand())
    .addCommand(checkCommand())
    .addCommand(convertCommand())
    .addCommand(replaceRootCommand())
    .addCommand(splitCommand())
    .addHelpText("after", examples);
}
