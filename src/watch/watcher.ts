import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { steadyNow } from "../support/process.js";
import { findRuns } from "./files/find-runs.js";
import type { RunList } from "./runs.js";
import { RunDetail } from "./run/run-detail.js";
import { WatchedRun } from "./run/watched-run.js";

/** Runs that go on are read every second, the others, and the folders, every five. */
const EVERY = 1000;
const SEARCH_EVERY = 5000;
const AT_A_TIME = 8;
/** What nobody looks at any longer is kept so long, for those who only load the page again. */
const KEPT = 60_000;

interface Subscriber {
  readonly refreshed: () => void;
  /** The runs of which it wants curves and log. */
  readonly ids: readonly string[];
}

/** Reads a folder of runs for as long as somebody listens. */
export class Watcher {
  readonly #now: () => number;
  readonly #runs = new Map<string, WatchedRun>();
  readonly #details = new Map<string, { detail: RunDetail; wantedAt: number }>();
  readonly #subscribers = new Set<Subscriber>();
  #complete = true;
  #searchedAt = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> | null = null;
  #refreshing: Promise<void> | null = null;
  #wake: () => void = () => undefined;
  #isClosed = false;

  /** @param folder may come to be later */
  constructor(
    readonly folder: string,
    now: () => number = steadyNow,
  ) {
    this.#now = now;
  }

  /** What is known since the last refresh. */
  get list(): RunList {
    const runs = [...this.#runs.values()].map(({ summary }) => summary);
    return { folder: this.folder, runs: runs.filter((run) => run !== null), complete: this.#complete };
  }

  run(id: string): WatchedRun | undefined {
    return this.#runs.get(id);
  }

  /** Of a run that a subscriber wants. */
  detail(id: string): RunDetail | undefined {
    return this.#details.get(id)?.detail;
  }

  /** Calls `refreshed` after each refresh, until it is disposed of; of the runs `ids` reads curves and log as well. */
  subscribe(refreshed: () => void, ids: readonly string[] = []): Disposable {
    const subscriber = { refreshed, ids };
    this.#subscribers.add(subscriber);
    this.#wake();
    this.#loop ??= this.#goOn();
    return { [Symbol.dispose]: () => void this.#subscribers.delete(subscriber) };
  }

  /** Reads once what has changed. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#readChanges().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#loop;
  }

  async #goOn(): Promise<void> {
    while (this.#subscribers.size > 0 && !this.#isClosed) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await this.refresh();
      for (const { refreshed } of this.#subscribers) refreshed();
      await atMost(EVERY, woken);
    }
    this.#loop = null;
  }

  async #readChanges(): Promise<void> {
    const now = this.#now();
    const searches = now - this.#searchedAt >= SEARCH_EVERY;
    if (searches) await this.#search();
    const due = [...this.#runs.values()].filter((run) => searches || run.summary?.state === "running");
    await forEach(due, (run) => run.refresh(now));
    await this.#refreshDetails(now);
  }

  async #search(): Promise<void> {
    const { paths, complete } = await findRuns(this.folder);
    this.#complete = complete;
    this.#searchedAt = this.#now();
    for (const id of this.#runs.keys()) if (!paths.includes(id)) this.#runs.delete(id);
    for (const id of paths)
      if (!this.#runs.has(id)) this.#runs.set(id, new WatchedRun(id, join(this.folder, id)));
  }

  async #refreshDetails(now: number): Promise<void> {
    const wanted = new Set([...this.#subscribers].flatMap(({ ids }) => ids));
    for (const id of wanted) {
      const run = this.#runs.get(id);
      if (run === undefined) continue;
      const { detail } = this.#details.get(id) ?? { detail: new RunDetail(run.folder) };
      this.#details.set(id, { detail, wantedAt: now });
    }
    for (const [id, { wantedAt }] of this.#details)
      if (now - wantedAt > KEPT || !this.#runs.has(id)) this.#details.delete(id);
    await forEach([...wanted], async (id) => this.#details.get(id)?.detail.refresh());
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
