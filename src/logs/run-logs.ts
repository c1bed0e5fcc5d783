import type { ResolvedRecipe } from "../recipes/schema.js";
import { emitter, type EndEvent, type Listener, type TrainingEvent } from "../runs/events.js";
import { MetricsLog } from "./metrics-log.js";
import type { RunFolder } from "../runs/run-folder.js";
import { EpochsCsv } from "./epochs-csv.js";
import type { Log } from "./log.js";
import { MlflowLog } from "./mlflow/mlflow-log.js";
import type { MlflowSettings } from "./mlflow/settings.js";
import { TensorBoardLog } from "./tensorboard/tensorboard-log.js";
import { TrainLog } from "./train-log.js";

interface RunLogsOptions {
  /** The MLflow server that is told, too; none unless given. */
  readonly mlflow?: MlflowSettings | undefined;
  /** Who hears, besides the logs, what goes wrong with that server. */
  readonly listeners: readonly Listener[];
}

/** Everything that a run writes down in its folder while it goes on, and what it tells a server. */
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
