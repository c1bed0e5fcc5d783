import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "../support/errors.js";
import { processName } from "../support/process.js";
import type { RankInfo } from "./rank-info.js";
import { ProcessGroup } from "./process-group.js";
import { Store } from "./store.js";
import { World, PeerError, isLostPeer } from "./world.js";

interface JoinOptions {
  /** How long to wait for the others: here, and in every call later. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const LOOK_MS = 50;
/** How long the store of processes that do not fit together is there for the others to read why. */
const LAST_LOOKS_MS = 10 * LOOK_MS;

/**
 * Meets the other processes of a training. The event loop goes on meanwhile, so that a signal ends the waiting.
 * @throws UsageError for a port in use, another number of processes, a rank that is taken; PeerError for processes that
 * do not come.
 */
export async function joinWorld(info: RankInfo, options: JoinOptions): Promise<World> {
  process.env["TORCH_CPP_LOG_LEVEL"] ??= "ERROR"; // each lost connection would be logged with a C++ stack
  const servesStore = info.rank === 0 && !info.launcherServes;
  const served = servesStore ? serve(info, options) : null;
  try {
    const { address, store } = await meetAtStore(info, served, options);
    const { rank, worldSize: size } = info;
    const group = new ProcessGroup({ store, rank, size, address, timeoutMs: options.timeoutMs });
    return new World({ store, group, servesStore, ...options, signal: options.signal });
  } catch (error) {
    if (served !== null && error instanceof UsageError) await sleep(LAST_LOOKS_MS);
    served?.[Symbol.dispose]();
    throw error;
  }
}

/**
 * Meets the others at the store. After a restart the one that answers may be that of the processes before, which is about to
 * end: then at the next one.
 */
async function meetAtStore(
  info: RankInfo,
  served: Store | null,
  options: JoinOptions,
): Promise<{ address: string; store: Store }> {
  const end = performance.now() + options.timeoutMs;
  for (;;) {
    const address = await reach(info, options);
    try {
      const root = served ?? Store.connect(info.master, options.timeoutMs);
      const store = root.within(`longtail/${info.attempt}`);
      await meet(store, info, options);
      return { address, store };
    } catch (error) {
      if (served !== null || !isLostPeer(error)) throw error;
      if (info.attempt === 0 || performance.now() > end)
        throw new PeerError("rank 0 ended before all processes had met: see its own error");
    }
  }
}

function serve({ master }: RankInfo, { timeoutMs }: JoinOptions): Store {
  try {
    return Store.serve(master, timeoutMs);
  } catch (error) {
    if (!(error as Error).message.includes("EADDRINUSE")) throw error;
    throw new UsageError(
      `port ${master.port} of ${master.host} is in use: choose another by MASTER_PORT, or by --master of longtail launch.`,
    );
  }
}

/** Waits until the master answers; returns the address of this machine that leads there. */
async function reach({ master }: RankInfo, { timeoutMs, signal }: JoinOptions): Promise<string> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await knock(master);
    if (typeof answer === "string") return answer;
    signal?.throwIfAborted();
    if (performance.now() > end)
      throw new PeerError(
        `no answer from the master ${master.host}:${master.port} within ${timeoutMs / 1000} s (${answer.message}). ` +
          "Is rank 0 running, and does the address lead to its machine from this one?",
      );
    await sleep(LOOK_MS);
  }
}

function knock({ host, port }: RankInfo["master"]): Promise<string | Error> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: string | Error): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => {
      end(socket.localAddress ?? host);
    });
    socket.once("timeout", () => {
      end(new Error("no connection within a second"));
    });
    socket.once("error", end);
  });
}

/** Waits until every process is at the store. */
async function meet(store: Store, info: RankInfo, { timeoutMs, signal }: JoinOptions): Promise<void> {
  const { rank, worldSize } = info;
  if (store.add(`claims/${rank}`) > 1) await refuseSecond(store, rank);
  store.set(`size/${rank}`, String(worldSize));
  store.set(`here/${rank}`, processName());
  const end = performance.now() + timeoutMs;
  for (let next = 0; next < worldSize;) {
    if (store.get(`here/${next}`) !== undefined) {
      assertSameSize(store, info, next);
      next += 1;
    } else {
      const refusal = store.get("refused");
      if (refusal !== undefined) throw new UsageError(refusal);
      signal?.throwIfAborted();
      if (performance.now() > end) throw absent(store, info, timeoutMs);
      await sleep(LOOK_MS);
    }
  }
}

/** @throws UsageError that names the process which was first to have the rank; the others will read of it, too. */
async function refuseSecond(store: Store, rank: number): Promise<never> {
  await sleep(LOOK_MS); // the first one may be about to give its name
  const first = store.get(`here/${rank}`) ?? "another process";
  const message = `rank ${rank} is asked for by ${processName()}, but is taken by ${first}: each needs one of its own.`;
  store.set("refused", message);
  throw new UsageError(message);
}

/** @throws UsageError where another process counts otherwise; it will read of it, too. */
function assertSameSize(store: Store, { rank, worldSize }: RankInfo, other: number): void {
  const found = store.get(`size/${other}`);
  if (found === undefined || Number(found) === worldSize) return;
  const counts = [
    [other, found],
    [rank, worldSize],
  ] as const;
  const said = [...counts].sort(([a], [b]) => a - b).map(([by, count]) => `${count} by rank ${by}`);
  const message = `the processes do not agree how many they are: ${said.join(", ")} (WORLD_SIZE, or --nproc times --nnodes).`;
  store.set("refused", message);
  throw new UsageError(message);
}

function absent(store: Store, { worldSize }: RankInfo, timeoutMs: number): PeerError {
  const missing = Array.from({ length: worldSize }, (_, rank) => rank).filter(
    (rank) => store.get(`here/${rank}`) === undefined,
  );
  return new PeerError(
    `expected ${worldSize} processes; within ${timeoutMs / 1000} s these did not come: rank ${missing.join(", rank ")}.`,
  );
}
