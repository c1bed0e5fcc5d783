import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { compareCommand } from "./compare/command.js";
import { dataCommand } from "./data/command.js";
import { engineCommand } from "./engine/command.js";
import { evaluateCommand } from "./evaluate/command.js";
import { exportCommand } from "./export/command.js";
import { fitCommand } from "./fit/command.js";
import { launchCommand } from "./launch/command.js";
import { predictCommand } from "./predict/command.js";
import { setQuiet } from "./progress.js";
import { profileCommand } from "./profile/command.js";
import { quickstartCommand } from "./quickstart/command.js";
import { recipesCommand } from "./recipes/command.js";
import { reportCommand } from "./report/command.js";
import { reproduceCommand } from "./reproduce/command.js";
import { resultsCommand } from "./results/command.js";
import { serveCommand } from "./serve/command.js";
import { trainCommand } from "./train/command.js";
import { watchCommand } from "./watch/command.js";
import { keyUnderUsualName } from "../recipes/usual-names.js";
import { weightsCommand } from "./weights/command.js";
import { longtailVersion } from "../runs/versions.js";

const examples = `
Start here:
  longtail quickstart                                         NCL and simpler methods on photographs that are part of longtail
  longtail fit my-photos                                      a model of your own photographs, in minutes
  longtail recipes                                            what can be trained
  longtail train cifar100-lt-ncl --data DIR                   train a recipe on your copy of the data
  longtail evaluate runs/cifar100-lt-ncl                      accuracy over all, many-, medium- and few-shot classes
  longtail report runs/cifar100-lt-ncl                        a page about a run, to look at
  longtail predict runs/cifar100-lt-ncl photo.jpg             what is on a photograph

Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted by Ctrl-C, else 128 and the signal's number: 143 for SIGTERM.`;

/**
 * The command line. Commands import what they need when they run, so that the light ones start at once.
 *
 * @param args what will be parsed, for messages.
 */
export function createProgram(args: readonly string[] = []): Command {
  const program = new Command("longtail")
    .description("Train, evaluate and use image classifiers from long-tailed data.")
    .version(longtailVersion(), "--version", "print longtail's version")
    .addHelpText("after", examples);
  for (const command of [
    quickstartCommand(),
    fitCommand(),
    trainCommand(),
    launchCommand(),
    evaluateCommand(),
    predictCommand(),
    serveCommand(),
    reportCommand(),
    compareCommand(),
    exportCommand(),
    dataCommand(),
    recipesCommand(),
    reproduceCommand(),
    resultsCommand(),
    profileCommand(),
    watchCommand(),
    weightsCommand(),
    engineCommand(),
  ]) {
    program.addCommand(command);
  }
  prepareForRun(program, args);
  program.hook("preAction", (_, command) => setQuiet(command.opts()["quiet"] === true));
  return program;
}

/** Commander must throw where it would exit, and show the way after a mistake. */
function prepareForRun(command: CommandUnknownOpts, args: readonly string[]): void {
  command
    .exitOverride()
    .showHelpAfterError("(--help shows the usage)")
    .configureOutput({ outputError: (text, write) => write(unknownFlag(text, command, args) ?? text) });
  for (const inner of command.commands) prepareForRun(inner, args);
}

/** Flags that other programs have for what is a flag here, too. */
const USUAL_FLAGS: Readonly<Record<string, string>> = {
  ...named("--out", ["output", "output-dir", "out-dir", "save-dir", "work-dir", "log-dir", "project"]),
  ...named("--data", ["data-dir", "data-path", "dataset", "root", "train-dir"]),
  ...named("--device cuda", ["gpu", "gpus", "cuda"]),
};

function named(flag: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, flag]));
}

/** Message for an unknown flag that stands for a recipe's key, or for another flag; undefined for other mistakes. */
function unknownFlag(text: string, command: CommandUnknownOpts, args: readonly string[]): string | undefined {
  const flag = /^error: unknown option '--([^'=]+)/.exec(text)?.[1];
  const has = (name: string): boolean => command.options.some(({ long }) => long === name);
  if (flag === undefined) return undefined;
  const other = USUAL_FLAGS[flag];
  if (other !== undefined && has(other.split(" ")[0]!))
    return `error: unknown option '--${flag}'; it is ${other} here\n`;
  const key = keyUnderUsualName(flag);
  if (key === undefined || !has("--set")) return undefined;
  return `error: unknown option '--${flag}'; a recipe's keys are changed with --set: --set ${key}=${valueOf(flag, args)}\n`;
}

/** What the command line gives a flag. */
function valueOf(flag: string, args: readonly string[]): string {
  const at = args.findIndex((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
  const value = args[at]?.split(/=(.*)/s)[1] ?? args[at + 1];
  return value === undefined || value.startsWith("-") ? "VALUE" : value;
}
