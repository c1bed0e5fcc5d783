import type { TrainingEvent } from "../runs/events.js";
import { AppendFile } from "../support/append-file.js";
import type { Log } from "./log.js";

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
