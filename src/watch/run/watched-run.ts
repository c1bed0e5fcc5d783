import { join } from "node:path";
import { LineTail, openRegular } from "../files/line-tail.js";
import type { Accuracy, RunSummary } from "../runs.js";
import { numberOf, objectOf, textOf, isObject, type JsonObject } from "../../support/json.js";
import { holderOf, type Holder } from "./holder.js";
import { hasReport } from "./report.js";
import { accuracyOf, runState, Overview } from "./overview.js";
import { lstat } from "node:fs/promises";
/** What is larger is not a run's file. A result of 8,142 classes is 2 MB. */
const MAX_BYTES = 256 << 20;

/** A JSON file of which `pick` takes what is wanted; it is read again only when it has changed. */
class JsonFile<T> {
  readonly #pick: (value: JsonObject) => T;
  readonly #path: string;
  #picked: T | null = null;
  #seen = "";

  constructor(path: string, pick: (value: JsonObject) => T) {
    this.#path = path;
    this.#pick = pick;
  }

  /** Null when there is none, or none that is whole. */
  async read(): Promise<T | null> {
    const found = await lstat(this.#path).catch(() => null);
    const seen = found === null ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#picked = found === null || found.size > MAX_BYTES ? null : await this.#parse();
    }
    return this.#picked;
  }

  async #parse(): Promise<T | null> {
    const file = await openRegular(this.#path);
    if (file === null) return null;
    try {
      const value: unknown = JSON.parse(await file.readFile("utf8"));
      return isObject(value) ? this.#pick(value) : null;
    } catch {
      return null;
    } finally {
      await file.close();
    }
  }
}

/** For the list, the end of a long run's events is enough: some 12,000 steps. */
const END_OF_EVENTS = 4 << 20;
const FIRST_EVENT = 64 << 10;

interface Result {
  readonly accuracy: Accuracy;
  readonly selectedOn: string | null;
}

/** One run's folder as it is read again and again. It is never written to. */
export class WatchedRun {
  #overview = new Overview();
  readonly #events: LineTail;
  readonly #firstEvents: LineTail;
  readonly #recipe: JsonFile<Pick<RunSummary, "name" | "started" | "seed" | "device" | "epochs">>;
  readonly #result: JsonFile<Result>;
  #holder: Holder = { kind: "unknown" };
  #lastSeen: number | null = null;
  #current: RunSummary | null = null;

  constructor(
    readonly id: string,
    readonly folder: string,
  ) {
    const events = join(folder, "metrics.jsonl");
    this.#events = new LineTail(events, { last: END_OF_EVENTS });
    this.#firstEvents = new LineTail(events, { most: FIRST_EVENT });
    this.#recipe = new JsonFile(join(folder, "recipe.json"), recipeFacts);
    this.#result = new JsonFile(join(folder, "result.json"), resultFacts);
  }

  /** As it was at the last refresh; null before the first. */
  get summary(): RunSummary | null {
    return this.#current;
  }

  /** The process that trains it, when it is on this machine. */
  get pid(): number | null {
    return this.#holder.kind === "here" ? this.#holder.pid : null;
  }

  async refresh(now: number): Promise<void> {
    const before = this.#lastSeen;
    const changed = await this.#events.read({
      line: (text) => this.#overview.line(text),
      reset: () => (this.#overview = new Overview()),
    });
    if (!this.#overview.knowsRun)
      await this.#firstEvents.read({ line: (text) => this.#overview.about(text), reset: () => undefined });
    // Its own clock counts only where we come late: the machine that trains may have another time.
    if (changed) this.#lastSeen = before === null ? Math.min(now, this.#overview.lastEventTime ?? now) : now;
    this.#holder = await holderOf(this.folder);
    this.#current = await this.#summarize(now);
  }

  async #summarize(now: number): Promise<RunSummary> {
    const overview = this.#overview;
    const heard = this.#lastSeen;
    const holder = this.#holder;
    const recipe = await this.#recipe.read();
    const result = overview.end === "finished" ? await this.#result.read() : null;
    const summary = overview.summary();
    return {
      ...summary,
      ...runState(overview, { holder, lastSeen: heard, now }),
      id: this.id,
      name: summary.name ?? recipe?.name ?? null,
      seed: summary.seed ?? recipe?.seed ?? null,
      device: summary.device ?? recipe?.device ?? null,
      epochs: summary.epochs ?? recipe?.epochs ?? null,
      started: recipe?.started ?? null,
      heard: heard === null ? null : new Date(heard).toISOString(),
      accuracy: result?.accuracy ?? overview.evaluation,
      selectedOn: result?.selectedOn ?? null,
      hasReport: await hasReport(this.folder),
    };
  }
}

function recipeFacts(description: Record<string, unknown>) {
  const recipe = objectOf(description["recipe"]);
  return {
    name: textOf(recipe["name"]),
    started: textOf(description["started"]),
    seed: numberOf(description["seed"]),
    device: textOf(description["device"]),
    epochs: numberOf(recipe["epochs"]),
  };
}

function resultFacts(result: Record<string, unknown>): Result {
  return {
    accuracy: accuracyOf(result["ensemble"], { epoch: numberOf(result["epoch"]) }),
    selectedOn: textOf(result["selectedOn"]),
  };
}
