import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { compareCommand } from "./compare/command.js";
import { dataCommand } from "./data/command.js";
import { engineCommand } from "./engine/command.js";
import { evaluateCommand } from "./evaluate/command.js";
import { exportCommand } from "./export/command.js";
import { launchCommand } from "./launch/command.js";
import { predictCommand } from "./predict/command.js";
import { profileCommand } from "./profile/command.js";
import { quickstartCommand } from "./quickstart/command.js";
import { recipesCommand } from "./recipes/command.js";
import { reportCommand } from "./report/command.js";
import { reproduceCommand } from "./reproduce/command.js";
import { trainCommand } from "./train/command.js";
import { watchCommand } from "./watch/command.js";
import { longtailVersion } from "../runs/versions.js";

const examples = `
Start here:
  longtail quickstart                                         NCL and simpler methods on photographs that are part of longtail
  longtail recipes                                            what can be trained
  longtail train cifar100-lt-ncl --data DIR                   train a recipe on your copy of the data
  longtail evaluate runs/cifar100-lt-ncl                      accuracy over all, many-, medium- and few-shot classes
  longtail report runs/cifar100-lt-ncl                        a page about a run, to look at
  longtail predict runs/cifar100-lt-ncl photo.jpg             what is on a photograph

Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted by Ctrl-C, else 128 and the signal's number: 143 for SIGTERM.`;

/** The command line. Commands import what they need when they run, so that the light ones start at once. */
export function createProgram(): Command {
  const program = new Command("longtail")
    .description("Train, evaluate and use image classifiers from long-tailed data.")
    .version(longtailVersion(), "--version", "print longtail's version")
    .addHelpText("after", examples);
  for (const command of [
    quickstartCommand(),
    trainCommand(),
    launchCommand(),
    evaluateCommand(),
    predictCommand(),
    reportCommand(),
    compareCommand(),
    exportCommand(),
    dataCommand(),
    recipesCommand(),
    reproduceCommand(),
    profileCommand(),
    watchCommand(),
    engineCommand(),
  ]) {
    program.addCommand(command);
  }
  prepareForRun(program);
  return program;
}

/** Commander must throw where it would exit, and show the way to the help after a mistake. */
function prepareForRun(command: CommandUnknownOpts): void {
  command.exitOverride().showHelpAfterError("(--help shows the usage)");
  for (const inner of command.commands) prepareForRun(inner);
}
