import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { compareCommand } from "./commands/compare.js";
import { dataCommand } from "./commands/data.js";
import { engineCommand } from "./commands/engine.js";
import { evaluateCommand } from "./commands/evaluate.js";
import { exportCommand } from "./commands/export.js";
import { launchCommand } from "./commands/launch.js";
import { predictCommand } from "./commands/predict.js";
import { profileCommand } from "./commands/profile.js";
import { quickstartCommand } from "./commands/quickstart.js";
import { recipesCommand } from "./commands/recipes.js";
import { reportCommand } from "./commands/report.js";
import { reproduceCommand } from "./commands/reproduce.js";
import { trainCommand } from "./commands/train.js";
import { watchCommand } from "./commands/watch.js";
import { longtailVersion } from "./version.js";

const examples = `
Start here:
  longtail quickstart                                         cross-entropy and NCL on photographs that are part of longtail
  longtail recipes                                            what can be trained
  longtail train cifar100-lt-ncl --data DIR                   train a recipe on your copy of the data
  longtail evaluate runs/cifar100-lt-ncl                      accuracy over all, many-, medium- and few-shot classes
  longtail report runs/cifar100-lt-ncl                        a page about a run, to look at
  longtail predict runs/cifar100-lt-ncl photo.jpg             what is on a photograph

Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted, 143 ended by SIGTERM.`;

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
