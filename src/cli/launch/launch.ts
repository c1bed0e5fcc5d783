import { LongtailError, UsageError } from "../../support/errors.js";
import { onInterrupt } from "../exit.js";
import { environmentOf, type Machines, masterFrom } from "./environment.js";
import { type Failure, Processes } from "./processes.js";

export interface LaunchOptions extends Omit<Machines, "master"> {
  readonly master?: string | undefined;
  readonly maxRestarts: number;
}

/** One of the processes failed; the message says which and why. */
class LaunchError extends LongtailError {
  constructor(
    { rank, reason }: Failure,
    override readonly exitCode: number,
  ) {
    super(`rank ${rank} failed: ${reason.replace(/^error: /, "").replace(`rank ${rank}: `, "")}`);
  }
}

/**
 * Runs one of longtail's commands in several processes until all have ended.
 * @throws LaunchError when one fails; with restarts left all are started again, from the last checkpoint.
 */
export async function launchAll(command: readonly string[], options: LaunchOptions): Promise<void> {
  assertSound(command, options);
  using interruption = onInterrupt("ending all processes, with a checkpoint");
  for (let attempt = 0; ; attempt += 1) {
    const machines = { ...options, master: await masterFrom(options) };
    const args = attempt === 0 || command.includes("--resume") ? command : [...command, "--resume"];
    const processes = new Processes(args, (local) => environmentOf(local, machines, attempt));
    const failure = await processes.ended(interruption);
    if (interruption.signal.aborted) throw interruption.error("interrupted");
    if (failure === null) return;
    if (attempt === options.maxRestarts) throw new LaunchError(failure, failure.code === 2 ? 2 : 1);
    process.stderr.write(
      `rank ${failure.rank} failed: ${failure.reason}\nstarting again, ${attempt + 1} of ${options.maxRestarts} times\n`,
    );
  }
}

function assertSound(command: readonly string[], options: LaunchOptions): void {
  const { nnodes, nodeRank, master, maxRestarts } = options;
  if (command[0] !== "train")
    throw new UsageError(`launch: expected train and its arguments after --, found ${command[0]}`);
  if (nodeRank >= nnodes)
    throw new UsageError(`--node-rank: expected a number below --nnodes, ${nnodes}, found ${nodeRank}`);
  if (nnodes > 1 && master === undefined)
    throw new UsageError(
      "--master: expected HOST:PORT of the first machine, the same on all machines, found nothing",
    );
  if (maxRestarts > 0 && !command.some((arg) => arg === "--out" || arg.startsWith("--out=")))
    throw new UsageError(
      "--max-restarts: expected --out FOLDER after train, so that a restart finds the run; found none",
    );
}
