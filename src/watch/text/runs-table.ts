import { formatTable } from "../../support/table.js";
import { formatSeconds } from "../../support/units.js";
import type { RunList, RunSummary } from "../runs.js";

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
  const { id, loss, accuracy, imagesPerSecond, secondsLeft, name } = run;
  const { all, many, medium, few } = accuracy ?? { all: null, many: null, medium: null, few: null };
  const left = secondsLeft === null ? "-" : formatSeconds(secondsLeft);
  const images = imagesPerSecond === null ? "-" : imagesPerSecond.toFixed(0);
  const shown = loss === null ? "-" : loss.toFixed(3);
  const title = id === "." ? (name ?? id) : id;
  return [title, stateText(run, now), progressText(run), shown, all, many, medium, few, images, left];
}

/** "running", "silent for 5 min 02 s", "failed". */
export function stateText({ state, heard }: RunSummary, now: number): string {
  if (state !== "silent" || heard === null) return state;
  return `silent for ${formatSeconds((now - Date.parse(heard)) / 1000)}`;
}

/** "3/30", or in the middle of an epoch "3/30 40 %". */
export function progressText({ epoch, epochs, step, stepsPerEpoch }: RunSummary): string {
  if (epochs === null || epoch === 0) return "-";
  const share =
    stepsPerEpoch === null || step >= stepsPerEpoch ? "" : ` ${Math.floor((100 * step) / stepsPerEpoch)} %`;
  return `${Math.min(epoch, epochs)}/${epochs}${share}`;
}
