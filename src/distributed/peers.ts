import type { Tensor } from "../torch/tensor.js";
import type { ProcessGroup } from "./process-group.js";

/** Rows of all processes end to end, in order of rank; this process's own begin at row `start`. */
export interface GatheredRows {
  readonly rows: Tensor;
  readonly start: number;
}

/**
 * Processes that train together, as one of them sees the others. All make the same calls in the same order.
 *
 * @example
 * await withPeers({}, async (peers: Peers) => {
 *   if (peers.rank === 0) console.log("the first process writes files");
 * });
 */
export interface Peers {
  /** This process's number, from 0. The first one prints and writes files. */
  readonly rank: number;
  readonly worldSize: number;
  /** @internal For collectives of other kinds; null for a process alone. */
  readonly group: ProcessGroup | null;
  /** For each flag, whether any process has it set. */
  any(flags: readonly boolean[]): boolean[];
  /** Sums over the processes, in float64. */
  sum(values: readonly number[]): number[];
  /** @internal [n, …] of each process, where n may differ and be 0, [Σ n, …]. Without gradient. */
  gatherRows(rows: Tensor): GatheredRows;
  /** @internal Gives the tensors the first process's values. */
  broadcast(tensors: readonly Tensor[]): void;
  /**
   * What every process has to say about something, in order of rank; waits without blocking until all have spoken.
   * @throws PeerError when one has failed meanwhile.
   */
  exchange(subject: string, text: string): Promise<string[]>;
  /** Tells those that wait in `exchange` that this process is at work and will come: their time begins anew. */
  atWork(): void;
}

/** One process that has no others. */
export const ALONE: Peers = {
  rank: 0,
  worldSize: 1,
  group: null,
  any: (flags) => [...flags],
  sum: (values) => [...values],
  gatherRows: (rows) => ({ rows, start: 0 }),
  broadcast: () => undefined,
  exchange: (_subject, text) => Promise.resolve([text]),
  atWork: () => undefined,
};

/** What the first process has to say; the others' words do not count. */
export async function fromFirst(
  peers: Peers,
  subject: string,
  text: () => string | Promise<string>,
): Promise<string> {
  const [first = ""] = await peers.exchange(subject, peers.rank === 0 ? await text() : "");
  return first;
}

const TELL_MS = 1000;

/** What may take one process longer than the others would wait for it, without blocking; they are notified that it is at work. */
export async function atWork<T>(peers: Peers, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    peers.atWork();
  }, TELL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
