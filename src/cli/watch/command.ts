import { existsSync, realpathSync, statSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { UsageError } from "../../support/errors.js";
import { steadyNow } from "../../support/process.js";
import { newCommand } from "../options.js";
import { endWithReader, output } from "../output.js";
import {
  aborted,
  allowHostOption,
  basePathOption,
  hostOption,
  portOption,
  type ServerArguments,
  tokenOption,
  untilInterrupted,
} from "../server-options.js";

const DEFAULT_FOLDER = "runs";

/** Ctrl-C is how this command is meant to end. */
const endsWell = ["SIGINT"];

interface WatchArguments extends ServerArguments {
  readonly text?: boolean | undefined;
  readonly once?: boolean | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail watch                                        a page of the runs in runs/, at http://127.0.0.1:6016
  longtail watch runs/tour                              one run
  longtail watch /mnt/cluster/runs --text               in the terminal; a mounted folder does as well
  longtail watch --once --json | jq .runs[].accuracy    where all runs stand, once
  ssh -L 6016:127.0.0.1:6016 gpu01 npx longtail watch   on another machine, seen from here
  longtail watch --allow-host hub.example.org           behind a proxy of that name
  longtail watch --host 0.0.0.0                         for other machines: the address holds a token

It reads the runs' folders and never writes to them: running and finished runs, and runs that start later, of this machine or another.
The page's addresses are relative, so it also works below a path: behind JupyterHub's, VS Code's and Open OnDemand's proxies.
A proxy with a name of its own takes --allow-host NAME; it has to ask who comes, or --token does. Links in the folder are not followed. The page is served without encryption: through a network that others use, take ssh -L.
With --text and no terminal there is a line for each run when its state changes, and every ten seconds while it is running. With
--json the page's address, or with --text every change of a run, is a line of JSON on stdout, and text goes to stderr. Ctrl-C
ends it (exit code 0).`;

export function watchCommand(): CommandUnknownOpts {
  return newCommand("watch")
    .description("show running and finished runs: a page in the browser, or a table in the terminal")
    .argument("[folder]", "a folder of runs, or a run", DEFAULT_FOLDER)
    .addOption(hostOption())
    .addOption(portOption(6016))
    .addOption(tokenOption())
    .addOption(allowHostOption())
    .addOption(basePathOption())
    .option("--text", "a table in the terminal, drawn anew, instead of a page")
    .option("--once", "print the table once")
    .addHelpText("after", examples)
    .action(watch);
}

async function watch(named: string, options: WatchArguments): Promise<void> {
  const folder = folderOfRuns(named);
  if (options.once) await printOnce(folder, options);
  else if (options.text) await showInTerminal(folder, options);
  else await serve(folder, options);
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
  const { runsTable } = await import("../../watch/text/text-view.js");
  const watcher = new Watcher(folder);
  await watcher.refresh();
  const to = output(options);
  to.say(runsTable(watcher.list, steadyNow()));
  to.value(watcher.list);
}

async function showInTerminal(folder: string, options: WatchArguments): Promise<void> {
  endWithReader();
  const { Watcher } = await import("../../watch/watcher.js");
  const { showText } = await import("../../watch/text/text-view.js");
  const to = output(options);
  const watcher = new Watcher(folder);
  await untilInterrupted(
    async (signal) => {
      await showText(watcher, { stream: to.people, changed: to.value, signal });
      await watcher.close();
    },
    { endsWell },
  );
}

async function serve(folder: string, options: WatchArguments): Promise<void> {
  const { serveWatch } = await import("../../watch/server/listen.js");
  const to = output(options);
  const { token, host, port, allowHost: allowedHosts, basePath } = options;
  const server = await serveWatch({ folder, host, port, token, allowedHosts, basePath });
  to.say(`${folder} is shown at ${server.address}\nCtrl-C ends it.`);
  to.value({ folder, address: server.address, token: server.token });
  await untilInterrupted(
    async (signal) => {
      await aborted(signal);
      await server.close();
    },
    { endsWell },
  );
}
