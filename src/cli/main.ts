import { CommanderError } from "@commander-js/extra-typings";
import { LongtailError } from "../support/errors.js";
import { escapeOutput } from "../support/terminal.js";
import { FailedCheck, InterruptedError } from "./exit.js";
import { surviveLostOutput } from "./output.js";
import { createProgram } from "./program.js";

/** Commands whose result is in a run's folder, train.log included: they have done their work without their output. */
const TRAINING_COMMANDS: readonly (string | undefined)[] = [
  "fit",
  "launch",
  "quickstart",
  "reproduce",
  "train",
];

/**
 * Runs one command line and returns its exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted by Ctrl-C, and 128 and the
 * signal's number after another signal, such as 143 for SIGTERM.
 *
 * @param args without the program's own name.
 */
export async function run(args: readonly string[]): Promise<number> {
  using _escaped = escapeOutput([process.stdout, process.stderr]);
  using lost = surviveLostOutput();
  const code = await exitCode(args);
  const reason = await lost.reason();
  if (reason === null) return code;
  console.error(`stdout cannot be written (${reason}): what is there is not all of the output`);
  return code === 0 && !TRAINING_COMMANDS.includes(args[0]) ? 1 : code;
}

async function exitCode(args: readonly string[]): Promise<number> {
  try {
    await createProgram(args).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // it has printed its message
    if (error instanceof FailedCheck) return error.exitCode;
    report(error, { json: args.includes("--json"), debug: args.includes("--debug") });
    return error instanceof LongtailError ? error.exitCode : 1;
  }
}

/** People get the message; its stack only with --debug. Errors that are no one's fault but ours say so. */
function report(error: unknown, { json, debug }: { json: boolean; debug: boolean }): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const hint = error instanceof LongtailError || debug ? "" : "\n(run it again with --debug to see where)";
  const prefix = error instanceof InterruptedError ? "" : "error: ";
  console.error(debug ? stack : `${prefix}${message}${hint}`);
  if (json) console.log(JSON.stringify({ error: { name, message } }));
}
