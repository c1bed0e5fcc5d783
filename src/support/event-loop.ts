import { setImmediate } from "node:timers/promises";

/** Time in milliseconds after which long work gives the event loop a turn: handlers of signals run only in it. */
const TURN_MS = 50;

/**
 * A function to await again and again in work that blocks: it gives the event loop a turn where one is due. In between it
 * costs next to nothing.
 * @throws The signal's reason, once it is aborted.
 */
export function eventLoopTurns(signal?: AbortSignal): () => Promise<void> | undefined {
  let last = performance.now();
  return () => (performance.now() - last < TURN_MS ? undefined : turn());

  async function turn(): Promise<void> {
    await setImmediate();
    signal?.throwIfAborted();
    last = performance.now();
  }
}
