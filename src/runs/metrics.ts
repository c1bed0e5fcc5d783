import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../support/atomic-file.js";
import { isObject, type JsonObject, numberOf, objectIn } from "../support/json.js";
import type { Position, TrainingEvent } from "./events.js";
import { migrateEvent } from "./format.js";

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

/** What a line must have to count as an event of its type: whole numbers, and objects. Other numbers may be missing. */
const NEEDED: Readonly<
  Record<TrainingEvent["type"], { counts: readonly string[]; objects?: readonly string[] }>
> = {
  cache: { counts: [] },
  run: { counts: ["epochs", "stepsPerEpoch"] },
  "epoch-start": { counts: ["epoch"] },
  step: { counts: ["epoch", "step"], objects: ["terms"] },
  images: { counts: ["epoch", "step"] },
  epoch: { counts: ["epoch"], objects: ["terms"] },
  histograms: { counts: ["epoch"] },
  evaluation: { counts: ["epoch"], objects: ["ensemble"] },
  checkpoint: { counts: ["epoch", "step"] },
  warning: { counts: [] },
  note: { counts: [] },
  inspection: { counts: [] },
  end: { counts: [] },
};

/**
 * The event that a line of metrics.jsonl holds, of any version, under today's names; null for one that a crash cut short, and
 * for a line that is no event that this version knows. Numbers that JSON cannot hold are null there.
 */
export function eventIn(line: string): TrainingEvent | null {
  const found = objectIn(line);
  if (found === null) return null;
  const event = migrateEvent(found);
  return isEvent(event) ? (event as unknown as TrainingEvent) : null;
}

function isEvent(event: JsonObject): boolean {
  const { type } = event;
  if (typeof type !== "string" || !Object.hasOwn(NEEDED, type)) return false;
  const { counts, objects = [] } = NEEDED[type as TrainingEvent["type"]];
  return (
    counts.every((key) => numberOf(event[key]) !== null) &&
    objects.every((key) => isObject(event[key])) &&
    hasPhases(event)
  );
}

/** Whether an event's phases, if it has some, are such. */
function hasPhases({ phases }: JsonObject): boolean {
  if (phases === undefined) return true;
  return (
    Array.isArray(phases) &&
    phases.length > 0 &&
    phases.every(
      (phase: unknown) =>
        isObject(phase) &&
        typeof phase["name"] === "string" &&
        numberOf(phase["epochs"]) !== null &&
        numberOf(phase["stepsPerEpoch"]) !== null,
    )
  );
}
