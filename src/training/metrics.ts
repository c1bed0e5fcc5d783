import { appendFileSync } from "node:fs";
import { LongtailError } from "../support/errors.js";
import type { Listener } from "./events.js";

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
