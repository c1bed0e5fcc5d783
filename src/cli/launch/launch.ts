import { LongtailError, UsageError } from "../../support/errors.js";
import { onInterrupt } from "../exit.js";
import { type Failure, Processes } from "./processes.js";
import { availableParallelism } from "node:os";
import { freePort } from "../../support/process.js";

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

/** How many processes there are, and where. */
interface Machines {
  readonly nproc: number;
  readonly nnodes: number;
  readonly nodeRank: number;
  readonly master: { readonly host: string; readonly port: number };
}

/**
 * torchrun's variables, from which a process reads its rank. Threads are shared among the machine's processes unless
 * OMP_NUM_THREADS says how many each has.
 */
function environmentOf(
  local: number,
  { nproc, nnodes, nodeRank, master }: Machines,
  attempt: number,
): NodeJS.ProcessEnv {
  const threads = Math.max(1, Math.floor(availableParallelism() / nproc));
  return {
    OMP_NUM_THREADS: String(threads),
    ...process.env,
    RANK: String(nodeRank * nproc + local),
    WORLD_SIZE: String(nnodes * nproc),
    LOCAL_RANK: String(local),
    LOCAL_WORLD_SIZE: String(nproc),
    MASTER_ADDR: master.host,
    MASTER_PORT: String(master.port),
    TORCHELASTIC_RESTART_COUNT: String(attempt),
    TORCHELASTIC_USE_AGENT_STORE: "False",
  };
}

/** @throws UsageError for an address without a port. */
async function masterFrom({ master }: { master?: string | undefined }): Promise<Machines["master"]> {
  if (master === undefined) return { host: "127.0.0.1", port: await freePort() };
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(master) ?? [];
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) };
  throw new UsageError(`--master: expected HOST:PORT, found ${JSON.stringify(master)}`);
}
