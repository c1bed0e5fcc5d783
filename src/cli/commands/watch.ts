import { existsSync, realpathSync, statSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { UsageError } from "../../support/errors.js";
import { steadyNow } from "../../support/steady-time.js";
import { newCommand } from "../options.js";
import { output } from "../output.js";

const DEFAULT_FOLDER = "runs";

interface WatchArguments {
  readonly once?: boolean | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail watch                                        the runs in runs/
  longtail watch runs/tour                              one run
  longtail watch /mnt/cluster/runs                      a mounted folder does as well
  longtail watch --once --json | jq .runs[].accuracy    where all runs stand, once

It reads the runs' folders and never writes to them: runs that go on, have ended or come later, of this machine or another.
Links in the folder are not followed. Without a terminal there is a line for each run when its state changes, and every ten
seconds while it goes on. With --json every change of a run is a line of JSON on stdout, and text goes to stderr. Ctrl-C ends
it (exit code 0).`;

export function watchCommand(): CommandUnknownOpts {
  return newCommand("watch")
    .description("show where runs stand while they go on, as a table that is drawn anew")
    .argument("[folder]", "a folder of runs, or a run", DEFAULT_FOLDER)
    .option("--once", "print the table once")
    .addHelpText("after", examples)
    .action(watch);
}

async function watch(named: string, options: WatchArguments): Promise<void> {
  const folder = folderOfRuns(named);
  if (options.once) await printOnce(folder, options);
  else await showInTerminal(folder, options);
}

/** The folder that is meant, links resolved; the default one may come to be later. */
function folderOfRuns(named: string): string {
  if (!existsSync(named)) {
    if (named === DEFAULT_FOLDER) return named;
    throw new UsageError(`${named}: expected a folder of runs, found nothing`);
  }
  if (statSync(named).isDirectory()) return realpathSync(named);
  throw new UsageError(`${named}: expected a folder of runs, found a file`);
}

async function printOnce(folder: string, options: WatchArguments): Promise<void> {
  const { Watcher } = await import("../../watch/watcher.js");
  const { runsTable } = await import("../../watch/text/runs-table.js");
  const watcher = new Watcher(folder);
  await watcher.refresh();
  const to = output(options);
  to.say(runsTable(watcher.list, steadyNow()));
  to.value(watcher.list);
}

async function showInTerminal(folder: string, options: WatchArguments): Promise<void> {
  const { Watcher } = await import("../../watch/watcher.js");
  const { showText } = await import("../../watch/text/text-view.js");
  const to = output(options);
  const watcher = new Watcher(folder);
  await untilInterrupted(async (signal) => {
    await showText(watcher, { stream: to.people, changed: to.value, signal });
    await watcher.close();
  });
}

/** Ctrl-C is how this command is meant to end, so that is no failure. SIGTERM ends with 143, as everywhere. */
async function untilInterrupted(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { onInterrupt } = await import("../interrupt.js");
  using interruption = onInterrupt("closing");
  await act(interruption.signal);
  const error = interruption.error("ended by SIGTERM");
  if (error.exitCode !== 130) throw error;
}
