import { clearTimeout, setTimeout } from "node:timers";
import { setTimeout as pause } from "node:timers/promises";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import type { EndEvent, TrainingEvent } from "../../runs/events.js";
import type { RunFolder } from "../../runs/run-folder.js";
import { ScalarStream } from "../scalars.js";
import { type Metric, MlflowRun } from "./mlflow-run.js";
import { MlflowServer, RefusedError } from "./server.js";
import type { MlflowSettings } from "./settings.js";

/** What log-batch takes at once. */
const METRICS_AT_ONCE = 1000;

export interface MlflowLimits {
  /** Metrics that may wait for the server; the oldest are dropped when there are more. */
  readonly waiting: number;
  /** Between two batches. */
  readonly everyMs: number;
  /** Longest pause before the server is asked again; the first is `everyMs`, then each is twice as long. */
  readonly longestPauseMs: number;
  /** How long the end of a training waits for the server. */
  readonly endMs: number;
}

const LIMITS: MlflowLimits = { waiting: 100_000, everyMs: 2000, longestPauseMs: 60_000, endMs: 10_000 };

interface MlflowLogOptions {
  readonly settings: MlflowSettings;
  readonly folder: RunFolder;
  readonly everySteps: ResolvedRecipe["logs"]["everySteps"];
  readonly warn: (message: string) => void;
  readonly limits?: Partial<MlflowLimits>;
}

/**
 * Tells a run to an MLflow server, beside the training: metrics wait in a queue of limited length and go in batches. A
 * server that is down, slow or refuses never stops the training; the first failure is a warning.
 */
export class MlflowLog {
  readonly #options: MlflowLogOptions;
  readonly #limits: MlflowLimits;
  readonly #ended = new AbortController();
  readonly #server: MlflowServer;
  readonly #scalars: ScalarStream;
  #queue: Metric[] = [];
  #dropped = 0;
  #run: MlflowRun | null = null;
  #refused = false;
  #troubled = false;
  #stopping = false;
  readonly #wake = new AbortController();
  #sending: Promise<void> | null = null;

  constructor(options: MlflowLogOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#server = new MlflowServer(options.settings, this.#ended.signal);
    this.#scalars = new ScalarStream(options);
  }

  handle(event: TrainingEvent): void {
    if (event.type === "run") this.#sending ??= this.#send();
    const timestamp = Date.parse(event.time);
    const { step, scalars } = this.#scalars.at(event) ?? { step: 0, scalars: [] };
    for (const [key, value] of scalars)
      if (Number.isFinite(value)) this.#queue.push({ key, value, timestamp, step });
    const excess = this.#queue.length - this.#limits.waiting;
    if (excess <= 0) return;
    this.#queue.splice(0, excess);
    this.#dropped += excess;
  }

  /** Sends what waits and ends the run; gives up after some seconds. Call it before the run's last event. */
  async finish(reason: EndEvent["reason"]): Promise<void> {
    const late = setTimeout(() => this.#ended.abort(), this.#limits.endMs);
    this.#stopping = true;
    this.#wake.abort();
    await this.#sending;
    if (!this.#refused && !this.#ended.signal.aborted) await this.#end(reason);
    clearTimeout(late);
    this.#ended.abort();
    const lost = this.#dropped + this.#queue.length;
    if (lost > 0) this.#warn(`${lost} numbers did not reach it; metrics.jsonl has all of them`);
  }

  async #end(reason: EndEvent["reason"]): Promise<void> {
    const status = { finished: "FINISHED", interrupted: "KILLED", failed: "FAILED" } as const;
    try {
      await this.#run?.end(status[reason], this.#options.folder);
    } catch (error) {
      this.#warn(`the run's end could not be logged: ${messageOf(error)}`);
    }
  }

  /** Until the training ends and all is sent: a batch, a pause; after a failure longer and longer pauses. */
  async #send(): Promise<void> {
    const { everyMs, longestPauseMs } = this.#limits;
    let wait = everyMs;
    while (!this.#refused && !this.#ended.signal.aborted) {
      const sent = await this.#sendBatch();
      if (sent && this.#queue.length >= METRICS_AT_ONCE) continue;
      if (sent && this.#stopping) {
        if (this.#queue.length === 0) return;
        continue;
      }
      wait = sent || this.#stopping ? everyMs : Math.min(2 * wait, longestPauseMs);
      const signals = [this.#ended.signal, ...(this.#stopping ? [] : [this.#wake.signal])];
      await pause(wait, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
    }
  }

  /** Whether the server took it. */
  async #sendBatch(): Promise<boolean> {
    const { settings, folder } = this.#options;
    const batch = this.#queue.slice(0, METRICS_AT_ONCE);
    const dropped = this.#dropped;
    try {
      this.#run ??= await MlflowRun.open(this.#server, settings, folder);
      await this.#run.log(batch);
      // What was dropped meanwhile was the queue's beginning, and so of this batch.
      const meanwhile = Math.min(batch.length, this.#dropped - dropped);
      this.#queue.splice(0, batch.length - meanwhile);
      this.#dropped -= meanwhile;
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #failed(error: unknown): void {
    this.#refused = error instanceof RefusedError;
    if (this.#ended.signal.aborted) return;
    if (this.#refused) this.#warn(`${messageOf(error)}; the training goes on without it`);
    else if (!this.#troubled) this.#warn(`${messageOf(error)}; the training goes on and asks again`);
    this.#troubled = true;
  }

  #warn(message: string): void {
    this.#options.warn(`MLflow at ${this.#options.settings.url}: ${message}`);
  }
}

/** fetch() says why it failed in its error's cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = "code" in cause ? String(cause.code) : "";
  return `${error.message} (${cause.message === "" ? code : cause.message})`;
}
