import { once } from "node:events";
import { steadyNow } from "../../support/process.js";
import { plainLineMs, type TextStream, writeText } from "../../support/terminal.js";
import { formatSeconds } from "../../support/units.js";
import type { RunList, RunSummary } from "../runs.js";
import type { Watcher } from "../watcher.js";
import { progressText, stateText, titleOf } from "./words.js";
import { formatTable } from "../../support/table.js";

const HEADER = ["run", "state", "epoch", "loss", "all", "many", "medium", "few", "images/s", "left"];

/** The runs of a folder as a table: accuracies of the ensemble in percent. */
export function runsTable({ folder, runs, complete }: RunList, now: number): string {
  if (runs.length === 0) return `${folder}: no runs yet`;
  const table = formatTable(
    HEADER,
    runs.map((run) => row(run, now)),
  );
  return complete ? table : `${table}\n(too many folders in ${folder}: the first ones alone)`;
}

function row(run: RunSummary, now: number) {
  const { loss, accuracy, imagesPerSecond, secondsLeft } = run;
  const { all, many, medium, few } = accuracy ?? { all: null, many: null, medium: null, few: null };
  const left = secondsLeft === null ? "-" : formatSeconds(secondsLeft);
  const images = imagesPerSecond === null ? "-" : imagesPerSecond.toFixed(0);
  const shown = loss === null ? "-" : loss.toFixed(3);
  return [titleOf(run), stateText(run, now), progressText(run), shown, all, many, medium, few, images, left];
}

/** To the start of the line so many lines above, and away with what follows. */
const eraseLines = (count: number): string => (count === 0 ? "" : `\u001b[${count}A`) + "\r\u001b[J";

export interface TextViewOptions {
  readonly stream: TextStream & { readonly rows?: number };
  /** Called with each run that is new or has changed. */
  readonly changed: (run: RunSummary) => void;
  readonly now?: () => number;
}

/**
 * Shows the runs in a terminal until the signal: a table that is drawn anew in its place; without a terminal a line for
 * each run when its state changes, and every ten seconds while it goes on.
 */
export async function showText(
  watcher: Watcher,
  { signal, ...options }: TextViewOptions & { signal: AbortSignal },
): Promise<void> {
  const view = new TextView(options);
  using _subscription = watcher.subscribe(() => view.show(watcher.list));
  if (!signal.aborted) await once(signal, "abort");
}

export class TextView {
  readonly #options: TextViewOptions;
  #drawn = 0; // lines
  readonly #known = new Map<string, { text: string; state: string; shownAt: number }>();
  readonly #now: () => number;

  constructor(options: TextViewOptions) {
    this.#options = options;
    this.#now = options.now ?? steadyNow;
  }

  show(list: RunList): void {
    const { stream, changed } = this.#options;
    if (stream.isTTY) this.#draw(runsTable(list, this.#now()));
    for (const run of list.runs) {
      const text = JSON.stringify(run);
      const before = this.#known.get(run.id);
      if (text === before?.text) continue;
      changed(run);
      const shows = run.state !== before?.state || this.#now() - before.shownAt >= plainLineMs;
      if (shows && !stream.isTTY) writeText(stream, `${describe(run, this.#now())}\n`);
      this.#known.set(run.id, { text, state: run.state, shownAt: shows ? this.#now() : before.shownAt });
    }
  }

  /** As much as fits: what is above the screen's top could not be drawn over. */
  #draw(table: string): void {
    const { columns = 80, rows = 24 } = this.#options.stream;
    const lines = table.split("\n").map((line) => line.slice(0, columns - 1));
    const most = rows - 1;
    const shown =
      lines.length > most ? [...lines.slice(0, most - 1), `and ${lines.length - most + 1} more`] : lines;
    writeText(this.#options.stream, `${shown.join("\n")}\n`, eraseLines(this.#drawn));
    this.#drawn = shown.length;
  }
}

function describe(run: RunSummary, now: number): string {
  const { id, loss, accuracy, secondsLeft, message } = run;
  const all = accuracy?.all ?? null;
  return [
    `${id}: ${stateText(run, now)}`,
    `epoch ${progressText(run)}`,
    ...(loss === null ? [] : [`loss ${loss.toFixed(3)}`]),
    ...(all === null ? [] : [`accuracy ${all.toFixed(1)} %`]),
    ...(secondsLeft === null ? [] : [`${formatSeconds(secondsLeft)} left`]),
    ...(message === null ? [] : [message]),
  ].join(", ");
}
