import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { EndEvent, EpochEvent, EvaluationEvent, RunEvent, StepEvent } from "../../runs/events.js";
import { eventIn } from "../../runs/metrics.js";
import { StepMeans, type TrainingPoint } from "./step-means.js";

/** An evaluation without its classes: a run can have hundreds. */
export type EvaluationPoint = Omit<EvaluationEvent, "perClass">;

/** What metrics.jsonl says about a run. */
export interface History {
  readonly run: RunEvent | null;
  readonly epochs: readonly EpochEvent[];
  /** The training along its epochs: of a short one several points an epoch, of a long one its epochs. */
  readonly training: readonly TrainingPoint[];
  readonly evaluations: readonly EvaluationPoint[];
  readonly lastEvaluation: EvaluationEvent | null;
  /** How often the run went on after an interruption. */
  readonly resumed: number;
  readonly warnings: readonly string[];
  readonly end: EndEvent | null;
}

/** Reads metrics.jsonl line by line; a line that a crash cut short is passed over. Empty when there is no file. */
export async function readHistory(path: string): Promise<History> {
  const reader = new HistoryReader();
  if (existsSync(path)) {
    for await (const line of createInterface({ input: createReadStream(path, "utf8") })) reader.add(line);
  }
  return reader.history();
}

class HistoryReader {
  #run: RunEvent | null = null;
  #steps: StepMeans | null = null;
  readonly #epochs: EpochEvent[] = [];
  readonly #evaluations: EvaluationPoint[] = [];
  readonly #warnings = new Set<string>();
  #lastEvaluation: EvaluationEvent | null = null;
  #resumed = 0;
  #end: EndEvent | null = null;

  add(line: string): void {
    if (this.#steps === null && this.#run !== null && isStep(line)) return;
    const event = eventIn(line);
    switch (event?.type) {
      case "run":
        this.#run ??= event;
        this.#steps ??= StepMeans.of(event);
        if (event.from !== null) this.#resumed += 1;
        break;
      case "step":
        this.#addStep(event);
        break;
      case "epoch":
        this.#epochs.push(event);
        break;
      case "evaluation": {
        const { perClass: _, ...point } = event;
        this.#evaluations.push(point);
        this.#lastEvaluation = event;
        break;
      }
      case "warning":
        this.#warnings.add(event.message);
        break;
      case "end":
        this.#end = event;
        break;
      default: // nothing that the report shows
    }
  }

  #addStep(event: StepEvent): void {
    this.#steps?.add(event);
  }

  history(): History {
    const run = this.#run;
    const epochs = this.#epochs;
    const evaluations = this.#evaluations;
    const lastEvaluation = this.#lastEvaluation;
    const resumed = this.#resumed;
    const end = this.#end;
    const training = this.#steps?.points() ?? epochs.map((epoch) => ({ ...epoch, at: epoch.epoch }));
    return {
      ...{ run, epochs, training, evaluations, lastEvaluation, resumed, end },
      warnings: [...this.#warnings],
    };
  }
}

/** Steps are most of the lines; of a long training none is parsed. */
function isStep(line: string): boolean {
  return line.slice(0, 80).includes('"type":"step"');
}
