import { join } from "node:path";
import { LineTail } from "../files/line-tail.js";
import { Curves } from "./curves.js";
import { RunLog } from "./log.js";

const END_OF_LOG = 256 << 10; // bytes

/** Curves and log of a run that somebody looks at. */
export class RunDetail {
  readonly curves = new Curves();
  readonly log = new RunLog();
  readonly #events: LineTail;
  readonly #written: LineTail;

  constructor(folder: string) {
    this.#events = new LineTail(join(folder, "metrics.jsonl"));
    this.#written = new LineTail(join(folder, "train.log"), { last: END_OF_LOG });
  }

  /** Reads what is new. One call at a time. */
  async refresh(): Promise<void> {
    await this.#written.read(this.log);
    await this.#events.read(this.curves);
  }
}
