import { formatSeconds } from "../../support/units.js";
import type { RunSummary } from "../runs.js";

/** What a run is called: its folder, or when that is the watched one itself, its recipe. */
export function titleOf({ id, name }: Pick<RunSummary, "id" | "name">): string {
  return id === "." ? (name ?? id) : id;
}

/** "running", "silent for 5 min 02 s", "failed". */
export function stateText({ state, heard }: Pick<RunSummary, "state" | "heard">, now: number): string {
  if (state !== "silent" || heard === null) return state;
  return `silent for ${formatSeconds((now - Date.parse(heard)) / 1000)}`;
}

/** "3/30", or in the middle of an epoch "3/30 40 %"; of a run in phases "3/30 40 %, classifier". */
export function progressText({ state, epoch, epochs, step, stepsPerEpoch, phase }: RunSummary): string {
  if (epochs === null || epoch === 0) return "-";
  const share =
    stepsPerEpoch === null || step >= stepsPerEpoch ? "" : ` ${Math.floor((100 * step) / stepsPerEpoch)} %`;
  const name = phase === null || state === "finished" ? "" : `, ${phase}`;
  return `${Math.min(epoch, epochs)}/${epochs}${share}${name}`;
}
