import type { GpuMeter } from "../machine/gpu-use.js";
import { ProcessMeter } from "../machine/process-use.js";
import type { Messages } from "../protocol.js";
import { NO_CURVES_READ } from "../run/curves.js";
import { NO_LOG_READ } from "../run/log.js";
import type { WatchedRun } from "../run/watched-run.js";
import type { RunList, RunSummary } from "../runs.js";
import type { Watcher } from "../watcher.js";

export type Send = <Name extends keyof Messages>(name: Name, message: Messages[Name]) => Promise<void>;

/** What one page was sent so far, so that it is sent the rest only. */
export class Feed {
  readonly #watcher: Watcher;
  #rows: Map<string, string> | null = null;
  readonly #followed: readonly Followed[];

  constructor(watcher: Watcher, ids: readonly string[], gpus: GpuMeter) {
    this.#watcher = watcher;
    this.#followed = ids.map((id) => new Followed(id, watcher, gpus));
  }

  async update(send: Send): Promise<void> {
    await this.#updateList(send);
    for (const run of this.#followed) await run.update(send);
  }

  async #updateList(send: Send): Promise<void> {
    const { list } = this.#watcher;
    const before = this.#rows;
    this.#rows = new Map(list.runs.map((run) => [run.id, JSON.stringify(run)]));
    if (before === null) return send("list", list);
    const part = { runs: changed(list, before, this.#rows), gone: missing(before, this.#rows) };
    if (part.runs.length > 0 || part.gone.length > 0) await send("rows", part);
  }
}

type Rows = ReadonlyMap<string, string>;

function changed({ runs }: RunList, before: Rows, after: Rows): RunSummary[] {
  return runs.filter(({ id }) => before.get(id) !== after.get(id));
}

function missing(before: Rows, after: Rows): string[] {
  return [...before.keys()].filter((id) => !after.has(id));
}

/** One run of which curves, log and machine are shown. */
class Followed {
  readonly #gpus: GpuMeter;
  readonly #watcher: Watcher;
  readonly #id: string;
  #curves = NO_CURVES_READ;
  #log = NO_LOG_READ;
  #meter: ProcessMeter | null = null;

  constructor(id: string, watcher: Watcher, gpus: GpuMeter) {
    this.#id = id;
    this.#watcher = watcher;
    this.#gpus = gpus;
  }

  async update(send: Send): Promise<void> {
    const id = this.#id;
    const watcher = this.#watcher;
    const detail = watcher.detail(id);
    const curves = detail?.curves.since(id, this.#curves);
    if (curves) {
      this.#curves = curves.cursor;
      await send("curves", curves.part);
    }
    const log = detail?.log.since(id, this.#log);
    if (log) {
      this.#log = log.cursor;
      await send("log", log.part);
    }
    const run = watcher.run(id);
    if (run !== undefined) await this.#updateMachine(run, send);
  }

  async #updateMachine({ pid, summary }: WatchedRun, send: Send): Promise<void> {
    if (pid === null || summary?.state !== "running") return;
    if (this.#meter?.pid !== pid) this.#meter = new ProcessMeter(pid);
    const now = performance.now();
    const use = await this.#meter.read(now);
    if (use === null) return;
    const gpus = await this.#gpus.read({ pid, device: summary.device ?? "cpu", now });
    await send("machine", { id: this.#id, ...use, gpus });
  }
}
