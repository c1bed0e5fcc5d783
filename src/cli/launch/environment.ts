import { availableParallelism } from "node:os";
import { UsageError } from "../../support/errors.js";
import { freePort } from "../../support/process.js";

/** How many processes there are, and where. */
export interface Machines {
  readonly nproc: number;
  readonly nnodes: number;
  readonly nodeRank: number;
  readonly master: { readonly host: string; readonly port: number };
}

/**
 * The variables that tell a process its place: torchrun's. Threads are shared among the machine's processes unless
 * OMP_NUM_THREADS says how many each has.
 */
export function environmentOf(
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
export async function masterFrom({ master }: { master?: string | undefined }): Promise<Machines["master"]> {
  if (master === undefined) return { host: "127.0.0.1", port: await freePort() };
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(master) ?? [];
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) };
  throw new UsageError(`--master: expected HOST:PORT, found ${JSON.stringify(master)}`);
}
