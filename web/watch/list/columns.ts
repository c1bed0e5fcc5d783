import { formatSeconds } from "../../../src/support/units.ts";
import type { RunSummary } from "../../../src/watch/runs.ts";
import { progressText, stateText, titleOf } from "../../../src/watch/text/words.ts";

export interface ListColumn {
  readonly key: string;
  readonly title: string;
  readonly isNumber: boolean;
  /** Null and undefined are last in either order. */
  readonly value: (run: RunSummary) => string | number | null | undefined;
  readonly text: (run: RunSummary, now: number) => string;
}

const NOT_KNOWN = "–";
const STATES = ["running", "silent", "interrupted", "failed", "finished"] as const;

export const COLUMNS: readonly ListColumn[] = [
  { key: "run", title: "run", isNumber: false, value: titleOf, text: titleOf },
  {
    key: "state",
    title: "state",
    isNumber: false,
    value: ({ state }) => STATES.indexOf(state),
    text: stateText,
  },
  { key: "epoch", title: "epoch", isNumber: true, value: progress, text: progressText },
  number("loss", ({ loss }) => loss, 3),
  number("all", ({ accuracy }) => accuracy?.all, 1),
  number("many", ({ accuracy }) => accuracy?.many, 1),
  number("medium", ({ accuracy }) => accuracy?.medium, 1),
  number("few", ({ accuracy }) => accuracy?.few, 1),
  number("images/s", ({ imagesPerSecond }) => imagesPerSecond, 0),
  {
    key: "left",
    title: "time left",
    isNumber: true,
    value: ({ secondsLeft }) => secondsLeft,
    text: ({ secondsLeft }) => (secondsLeft === null ? NOT_KNOWN : formatSeconds(secondsLeft)),
  },
];

function number(
  title: string,
  value: (run: RunSummary) => number | null | undefined,
  digits: number,
): ListColumn {
  return {
    ...{ key: title, title, isNumber: true, value },
    text: (run) => value(run)?.toFixed(digits) ?? NOT_KNOWN,
  };
}

/** The part of its epochs that a run has done, between 0 and 1. */
export function progress({ state, epoch, epochs, step, stepsPerEpoch }: RunSummary): number | null {
  if (state === "finished") return 1;
  if (epochs === null || stepsPerEpoch === null || epoch === 0) return null;
  return Math.min(1, (epoch - 1 + step / stepsPerEpoch) / epochs);
}
