import { formatTable } from "../../support/table.js";
import { formatSeconds } from "../../support/units.js";
import type { RunList, RunSummary } from "../runs.js";
import { progressText, stateText, titleOf } from "./words.js";

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
