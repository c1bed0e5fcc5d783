import { writeFileAtomic } from "../support/atomic-file.js";
import type { TrainingEvent } from "../runs/events.js";
import { toldEvents } from "../runs/metrics.js";
import type { RunFolder } from "../runs/run-folder.js";
import type { Log } from "./log.js";
import { epochScalars, evaluationScalars, type Scalar } from "./scalars.js";

/**
 * epochs.csv: a row an epoch, with its means and what evaluations found of it; cells of what was not found are empty. The
 * file is whole after every event. A resumed run begins with the rows that are still in metrics.jsonl.
 */
export class EpochsCsv implements Log {
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
