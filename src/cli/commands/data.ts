import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Command } from "@commander-js/extra-typings";
import { replaceRootCommand } from "./data/replace-root.js";

const examples = `
Examples:
  longtail data replace-root train.json --from /old/images --to /new/images`;

/** The commands on data sets, one file each in data/. */
export function dataCommand(): CommandUnknownOpts {
  return new Command("data")
    .description("prepare data sets")
    .addCommand(replaceRootCommand())
    .addHelpText("after", examples);
}
