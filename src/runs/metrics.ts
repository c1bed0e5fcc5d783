import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../support/atomic-file.js";
import { objectIn } from "../support/json.js";
import type { Position, TrainingEvent } from "./events.js";

/** Events of a run so far, from its metrics.jsonl; none where there is no such file. A line that a crash cut short is left out. */
export function toldEvents(path: string): TrainingEvent[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.map(eventIn).filter((event) => event !== null);
}

/**
 * Removes from metrics.jsonl what was logged after the position that a run resumes from, since it will be logged again, and
 * a line that a crash cut short.
 */
export function rewindMetrics(path: string, position: Position): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  const kept = text.split("\n").filter((line) => isBefore(eventIn(line), position));
  const rewound = kept.map((line) => `${line}\n`).join("");
  if (rewound !== text) writeFileAtomic(path, rewound);
}

function isBefore(event: TrainingEvent | null, { epoch, step }: Position): boolean {
  switch (event?.type) {
    case undefined:
      return false;
    case "step":
    case "images":
      return event.epoch <= epoch || (event.epoch === epoch + 1 && event.step <= step);
    case "epoch-start":
      return event.epoch <= epoch || (event.epoch === epoch + 1 && step > 0);
    case "epoch":
    case "histograms":
      return event.epoch <= epoch;
    case "evaluation": // the one of the epoch that ends here is made again
      return event.epoch < epoch || (event.epoch === epoch && step > 0);
    case "checkpoint":
      return event.epoch < epoch || (event.epoch === epoch && event.step <= step);
    case "cache":
    case "inspection":
    case "note":
    case "run":
    case "warning":
    case "end":
      return true;
    default:
      return event satisfies never;
  }
}

/** The event that a line of metrics.jsonl holds; null for one that a crash cut short. */
export function eventIn(line: string): TrainingEvent | null {
  return objectIn(line) as unknown as TrainingEvent | null;
}
