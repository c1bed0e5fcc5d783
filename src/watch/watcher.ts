import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { steadyNow } from "../support/process.js";
import type { RunList } from "./runs.js";
import { WatchedRun } from "./run/watched-run.js";
import { LineTail } from "./files/line-tail.js";
import { Curves } from "./run/curves.js";
import { RunLog } from "./run/log.js";
import { readdir } from "node:fs/promises";

const MAX_DEPTH = 6;
const MAX_FOLDERS = 10_000;
const MARKS = ["metrics.jsonl", "recipe.json"];

interface FoundRuns {
  /** Paths below the folder with "/" between names, sorted; "." when the folder is itself a run. */
  readonly paths: readonly string[];
  /** False when there were too many folders to look into all of them. */
  readonly complete: boolean;
}

/**
 * The runs in a folder and in the folders in it: what holds recipe.json or metrics.jsonl. Links are not followed, and
 * what cannot be read holds no runs.
 */
export async function findRuns(root: string): Promise<FoundRuns> {
  const paths: string[] = [];
  let level = ["."];
  let visited = 0;
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const path of level) {
      if ((visited += 1) > MAX_FOLDERS) return { paths: paths.sort(), complete: false };
      const { isRun, folders } = await look(join(root, path));
      if (isRun) paths.push(path);
      else next.push(...folders.map((name) => (path === "." ? name : `${path}/${name}`)));
    }
    level = next;
  }
  return { paths: paths.sort(), complete: true };
}

async function look(path: string): Promise<{ isRun: boolean; folders: string[] }> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const isRun = entries.some((entry) => entry.isFile() && MARKS.includes(entry.name));
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
    .map(({ name }) => name);
  return { isRun, folders };
}

const END_OF_LOG = 256 << 10; // bytes

/** Curves and log of a run that somebody looks at. */
class RunDetail {
  readonly curves = new Curves();
  readonly log = new RunLog();
  readonly #events: LineTail;
  readonly #written: LineTail;

  constructor(folder: string) {
    this.#events = new LineTail(join(folder, "metrics.jsonl"));
    this.#written = new LineTail(join(folder, "train.log"), { last: END_OF_LOG });
  }

  /** Reads what is new. One call at a time. */
  async refresh(): Promise<void> {
    await this.#written.read(this.log);
    await this.#events.read(this.curves);
  }
}

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
