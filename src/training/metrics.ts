import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../support/atomic-file.js";
import { LongtailError } from "../support/errors.js";
import type { Position } from "./checkpoint.js";
import type { Listener, TrainingEvent } from "./events.js";

/** Appends every event to a file, one JSON value a line: metrics.jsonl. Numbers that are not finite become null. */
export function metricsListener(path: string): Listener {
  return (event) => {
    try {
      appendFileSync(path, `${JSON.stringify(event)}\n`);
    } catch (error) {
      throw new LongtailError(`cannot append to ${path}: ${(error as Error).message}`, { cause: error });
    }
  };
}

/**
 * Takes out of metrics.jsonl what a run told after the position that it goes on from, since it will be told again, and
 * a line that a crash cut short.
 */
export function rewindMetrics(path: string, position: Position): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  const kept = text.split("\n").filter((line) => isBefore(parse(line), position));
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
    case "run":
    case "warning":
    case "end":
      return true;
    default:
      return event satisfies never;
  }
}

function parse(line: string): TrainingEvent | null {
  try {
    return JSON.parse(line) as TrainingEvent;
  } catch {
    return null;
  }
}
