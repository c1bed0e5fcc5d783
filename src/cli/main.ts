import { CommanderError } from "@commander-js/extra-typings";
import { LongtailError } from "../support/errors.js";
import { FailedCheck, InterruptedError } from "./exit.js";
import { createProgram } from "./program.js";

/**
 * Runs one command line and returns its exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted, 143 ended by SIGTERM.
 *
 * @param args without the program's own name.
 */
export async function run(args: readonly string[]): Promise<number> {
  ignoreClosedPipe(process.stdout);
  try {
    await createProgram().parseAsync(args, { from: "user" });
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

/** `longtail recipes | head -1` ends quietly. */
function ignoreClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}
