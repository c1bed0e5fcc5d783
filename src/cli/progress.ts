import { clearLine, plainLineMs, redrawMs, type TextStream, writeText } from "../support/terminal.js";
import { formatSeconds } from "../support/units.js";

/** How far a piece of work is: `done` of `total`, in any unit. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** For people: "1,200 images". */
  readonly text: string;
}

let isQuiet = false;

/** Sets whether this command line has --quiet. */
export function setQuiet(quiet: boolean): void {
  isQuiet = quiet;
}

/** Whether progress is not to be shown. */
export function quiet(): boolean {
  return isQuiet;
}

export interface ProgressDisplay extends Disposable {
  readonly show: (progress: Progress) => void;
}

/** One line that is redrawn on a terminal, elsewhere a line every ten seconds; with the time that is left. */
export function progressDisplay(
  stream: TextStream,
  now: () => number = () => performance.now(),
): ProgressDisplay {
  const startedAt = now();
  let shownAt = stream.isTTY ? Number.NEGATIVE_INFINITY : startedAt;
  let open = false;
  return {
    show: (progress) => {
      if (isQuiet) return;
      const time = now();
      if (time - shownAt < (stream.isTTY ? redrawMs : plainLineMs)) return;
      shownAt = time;
      const line = describe(progress, time - startedAt);
      if (stream.isTTY) writeText(stream, line, clearLine);
      else writeText(stream, `${line}\n`);
      open = stream.isTTY === true;
    },
    [Symbol.dispose]: () => {
      if (open) writeText(stream, "", clearLine);
      open = false;
    },
  };
}

function describe({ done, total, text }: Progress, elapsedMs: number): string {
  const fraction = total === 0 ? 1 : done / total;
  const left =
    fraction > 0 && fraction < 1 ? `, ${formatSeconds((elapsedMs / 1000) * (1 / fraction - 1))} left` : "";
  return `${String(Math.floor(100 * fraction)).padStart(3)} %  ${text}${left}`;
}
