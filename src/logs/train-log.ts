import { AppendFile } from "../support/append-file.js";
import { consoleListener } from "./console.js";
import type { Listener, TrainingEvent } from "../runs/events.js";
import type { Log } from "./log.js";

/** train.log: the lines that the console shows where it is no terminal, each with its time (UTC), over all restarts. */
export class TrainLog implements Log {
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
