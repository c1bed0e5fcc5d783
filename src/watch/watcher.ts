import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { steadyNow } from "../support/steady-time.js";
import { findRuns } from "./files/find-runs.js";
import type { RunList } from "./runs.js";
import { WatchedRun } from "./run/watched-run.js";

/** Runs that go on are read every second, the others, and the folders, every five. */
const EVERY = 1000;
const SEARCH_EVERY = 5000;
const AT_A_TIME = 8;
/** Reads a folder of runs for as long as somebody listens. */
export class Watcher {
  private readonly runs = new Map<string, WatchedRun>();
  private readonly subscribers = new Set<() => void>();
  private complete = true;
  private searchedAt = Number.NEGATIVE_INFINITY;
  private loop: Promise<void> | null = null;
  private refreshing: Promise<void> | null = null;
  private wake: () => void = () => undefined;
  private isClosed = false;

  /** @param folder may come to be later */
  constructor(
    readonly folder: string,
    private readonly now: () => number = steadyNow,
  ) {}

  /** What is known since the last refresh. */
  get list(): RunList {
    const runs = [...this.runs.values()].map(({ summary }) => summary);
    return { folder: this.folder, runs: runs.filter((run) => run !== null), complete: this.complete };
  }

  /** Calls `refreshed` after each refresh, until it is disposed of. */
  subscribe(refreshed: () => void): Disposable {
    this.subscribers.add(refreshed);
    this.wake();
    this.loop ??= this.goOn();
    return { [Symbol.dispose]: () => void this.subscribers.delete(refreshed) };
  }

  /** Reads once what has changed. */
  refresh(): Promise<void> {
    this.refreshing ??= this.readChanges().finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.wake();
    await this.loop;
  }

  private async goOn(): Promise<void> {
    while (this.subscribers.size > 0 && !this.isClosed) {
      const woken = new Promise<void>((resolve) => (this.wake = resolve));
      await this.refresh();
      for (const refreshed of this.subscribers) refreshed();
      await atMost(EVERY, woken);
    }
    this.loop = null;
  }

  private async readChanges(): Promise<void> {
    const now = this.now();
    const searches = now - this.searchedAt >= SEARCH_EVERY;
    if (searches) await this.search();
    const due = [...this.runs.values()].filter((run) => searches || run.summary?.state === "running");
    await forEach(due, (run) => run.refresh(now));
  }

  private async search(): Promise<void> {
    const { paths, complete } = await findRuns(this.folder);
    this.complete = complete;
    this.searchedAt = this.now();
    for (const id of this.runs.keys()) if (!paths.includes(id)) this.runs.delete(id);
    for (const id of paths)
      if (!this.runs.has(id)) this.runs.set(id, new WatchedRun(id, join(this.folder, id)));
  }
}

/** A few at a time, so that a slow mount does not make a list of hundreds slow. */
async function forEach<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

/** Waits for `end`, but not longer. */
async function atMost(milliseconds: number, end: Promise<void>): Promise<void> {
  const waiting = new AbortController();
  const waited = setTimeout(milliseconds, undefined, { signal: waiting.signal }).catch(() => undefined);
  await Promise.race([waited, end]);
  waiting.abort();
}
