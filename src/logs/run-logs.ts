import type { ResolvedRecipe } from "../recipes/schema.js";
import { emitter, type EndEvent, type Listener, type TrainingEvent } from "../runs/events.js";
import type { RunFolder } from "../runs/run-folder.js";
import { EpochsCsv } from "./epochs-csv.js";
import type { Log } from "./log.js";
import { MlflowLog } from "./mlflow/mlflow-log.js";
import type { MlflowSettings } from "./mlflow/settings.js";
import { TensorBoardLog } from "./tensorboard/tensorboard-log.js";
import { AppendFile } from "../support/append-file.js";
import { consoleListener } from "./console.js";

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
