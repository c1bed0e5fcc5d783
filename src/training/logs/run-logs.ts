import type { ResolvedRecipe } from "../../recipes/schema.js";
import type { TrainingEvent } from "../events.js";
import { MetricsLog } from "../metrics.js";
import type { RunFolder } from "../run-folder.js";
import { EpochsCsv } from "./epochs-csv.js";
import type { Log } from "./log.js";
import { TensorBoardLog } from "./tensorboard/tensorboard-log.js";
import { TrainLog } from "./train-log.js";

/** Everything that a run writes down in its folder while it goes on. */
export class RunLogs implements Log {
  /** metrics.jsonl first: others begin with what it holds. */
  readonly #logs: Log[] = [];

  /** The run's folder must be this process's (lockRun), and its metrics rewound to where the run goes on. */
  constructor(folder: RunFolder, { tensorboard, csv, ...options }: ResolvedRecipe["logs"]) {
    this.#logs.push(new MetricsLog(folder.metrics), new TrainLog(folder.log));
    if (csv) this.#logs.push(new EpochsCsv(folder));
    if (tensorboard) this.#logs.push(new TensorBoardLog(folder, options));
  }

  hear(event: TrainingEvent): void {
    for (const log of this.#logs) log.hear(event);
  }

  [Symbol.dispose](): void {
    for (const log of this.#logs) log[Symbol.dispose]();
  }
}
