import type { ResolvedRecipe } from "../recipes/schema.js";
import { emitter, type EndEvent, type Listener, type TrainingEvent } from "../runs/events.js";
import type { RunFolder } from "../runs/run-folder.js";
import type { Log } from "./log.js";
import { MlflowLog } from "./mlflow/mlflow-log.js";
import type { MlflowSettings } from "./mlflow/settings.js";
import { TensorBoardLog } from "./tensorboard/tensorboard-log.js";
import { AppendFile } from "../support/append-file.js";
import { consoleListener } from "./console.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { toldEvents } from "../runs/metrics.js";
import { epochScalars, evaluationScalars, type Scalar } from "./scalars.js";

/**
 * epochs.csv: a row an epoch, with its means and what evaluations found of it; cells of what was not found are empty. The
 * file is whole after every event. A resumed run begins with the rows that are still in metrics.jsonl.
 */
class EpochsCsv implements Log {
  readonly #folder: RunFolder;
  readonly #rows = new Map<number, Map<string, number>>();

  constructor(folder: RunFolder) {
    this.#folder = folder;
  }

  handle(event: TrainingEvent): void {
    if (event.type === "run") {
      this.#rows.clear();
      for (const reported of toldEvents(this.#folder.metrics)) this.#take(reported);
    } else if (!this.#take(event)) return;
    writeFileAtomic(this.#folder.epochs, this.#text());
  }

  [Symbol.dispose](): void {
    // Nothing is open between events.
  }

  /** Whether the event belongs into the table. */
  #take(event: TrainingEvent): boolean {
    if (event.type === "epoch") {
      const own = epochScalars(event).map(([name, value]): Scalar => [name.replace("epoch/", ""), value]);
      this.#fill(event.epoch, own);
    } else if (event.type === "evaluation") this.#fill(event.epoch, evaluationScalars(event));
    else return false;
    return true;
  }

  #fill(epoch: number, scalars: readonly Scalar[]): void {
    const row = this.#rows.get(epoch) ?? new Map<string, number>();
    for (const [name, value] of scalars) row.set(name, value);
    this.#rows.set(epoch, row);
  }

  #text(): string {
    const columns = [...new Set([...this.#rows.values()].flatMap((row) => [...row.keys()]))];
    const rows = [...this.#rows]
      .sort(([a], [b]) => a - b)
      .map(([epoch, row]) => [epoch, ...columns.map((name) => row.get(name) ?? "")].join(","));
    return `${[["epoch", ...columns].join(","), ...rows].join("\n")}\n`;
  }
}

/** train.log: the lines that the console shows where it is no terminal, each with its time (UTC), over all restarts. */
class TrainLog implements Log {
  readonly #file: AppendFile;
  readonly #show: Listener;
  #time = "";

  constructor(path: string, now?: () => number) {
    this.#file = new AppendFile(path);
    this.#show = consoleListener({ write: (text: string) => this.#write(text) }, { now });
  }

  handle(event: TrainingEvent): void {
    this.#time = `${event.time.slice(0, 19)}Z`;
    this.#show(event);
    // The console's command says why it failed.
    if (event.type === "end" && event.message !== null) this.#write(event.message);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #write(text: string): void {
    const lines = text.split("\n").filter((line) => line !== "");
    this.#file.add(lines.map((line) => `${this.#time}  ${line}\n`).join(""));
  }
}

/** Appends every event to a file, one JSON value a line: metrics.jsonl. Numbers that are not finite become null. */
export class MetricsLog implements Log {
  readonly #file: AppendFile;

  constructor(path: string) {
    this.#file = new AppendFile(path);
  }

  handle(event: TrainingEvent): void {
    this.#file.add(`${JSON.stringify(event)}\n`);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

interface RunLogsOptions {
  /** The MLflow server to log to as well; none unless given. */
  readonly mlflow?: MlflowSettings | undefined;
  /** Receive, besides the logs, what goes wrong with that server. */
  readonly listeners: readonly Listener[];
}

/** All logs of a run: the files in its folder and, where asked for, an MLflow server. */
export class RunLogs implements Log {
  /** metrics.jsonl first: others begin with what it holds. */
  readonly #logs: Log[];
  readonly #mlflow: MlflowLog | null;

  /** The run's folder must be this process's (lockRun), and its metrics rewound to where the run goes on. */
  constructor(
    folder: RunFolder,
    { tensorboard, csv, ...logs }: ResolvedRecipe["logs"],
    { mlflow, listeners }: RunLogsOptions,
  ) {
    this.#logs = [new MetricsLog(folder.metrics), new TrainLog(folder.log)];
    if (csv) this.#logs.push(new EpochsCsv(folder));
    if (tensorboard) this.#logs.push(new TensorBoardLog(folder, logs));
    const emit = emitter([(event) => this.handle(event), ...listeners]);
    const warn = (message: string): void => emit({ type: "warning", message });
    this.#mlflow = mlflow ? new MlflowLog({ ...logs, settings: mlflow, folder, warn }) : null;
  }

  handle(event: TrainingEvent): void {
    for (const log of this.#logs) log.handle(event);
    this.#mlflow?.handle(event);
  }

  /** Waits some seconds at most until the server knows everything. Call it before the last event. */
  async finish(reason: EndEvent["reason"]): Promise<void> {
    await this.#mlflow?.finish(reason);
  }

  [Symbol.dispose](): void {
    for (const log of this.#logs) log[Symbol.dispose]();
  }
}
