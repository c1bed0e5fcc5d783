import { type JsonObject, listOf, numberOf, objectIn, objectOf, textOf } from "../../support/json.js";
import type { CurvesPart } from "../protocol.js";
import { NOTHING_READ, ThinnedTable, type TableCursor } from "./thinned-table.js";

/** A screen of 2,000 pixels shows two curves beside each other. */
const MAX_POINTS = 1024;
const GROUPS = ["all", "many", "medium", "few"];

export interface CurvesCursor {
  readonly steps: TableCursor;
  readonly evaluations: TableCursor;
}

export const NO_CURVES_READ: CurvesCursor = { steps: NOTHING_READ, evaluations: NOTHING_READ };

/** A run's curves, made of its events one by one; their size does not grow with the run's. */
export class Curves {
  readonly #steps = new ThinnedTable({ most: MAX_POINTS, ranges: (name) => name === "loss" });
  readonly #evaluations = new ThinnedTable({ most: MAX_POINTS, ranges: () => false });
  #stepsPerEpoch = 0;
  #split: string | null = null;

  reset(): void {
    this.#steps.clear();
    this.#evaluations.clear();
    this.#split = null;
  }

  line(text: string): void {
    const event = objectIn(text);
    if (event?.["type"] === "run") this.#stepsPerEpoch = numberOf(event["stepsPerEpoch"]) ?? 0;
    else if (event?.["type"] === "step") this.#addStep(event);
    else if (event?.["type"] === "evaluation") this.#addEvaluation(event);
  }

  /** What a reader who has read as far as `cursor` lacks. */
  since(id: string, cursor: CurvesCursor): { part: CurvesPart; cursor: CurvesCursor } | null {
    const steps = this.#steps.since(cursor.steps);
    const evaluations = this.#evaluations.since(cursor.evaluations);
    if (steps === null && evaluations === null) return null;
    return {
      part: { id, steps: steps?.part ?? null, evaluations: evaluations?.part ?? null, split: this.#split },
      cursor: {
        steps: steps?.cursor ?? cursor.steps,
        evaluations: evaluations?.cursor ?? cursor.evaluations,
      },
    };
  }

  #addStep(event: JsonObject): void {
    const [epoch, step] = [numberOf(event["epoch"]), numberOf(event["step"])];
    if (epoch === null || step === null) return;
    const parts = Object.entries(objectOf(event["parts"]));
    this.#steps.add((epoch - 1) * this.#stepsPerEpoch + step, {
      loss: numberOf(event["loss"]),
      ...Object.fromEntries(parts.map(([name, value]) => [`part/${name}`, numberOf(value)])),
      accuracy: numberOf(event["accuracy"]),
      learningRate: numberOf(event["lr"]),
      imagesPerSecond: numberOf(event["imagesPerSecond"]),
      gradNorm: numberOf(event["gradNorm"]),
    });
  }

  /** Of those on the images that the first one was on: a run that holds images out ends with one on the test images. */
  #addEvaluation(event: JsonObject): void {
    const epoch = numberOf(event["epoch"]);
    const split = textOf(event["split"]) ?? "test";
    if (epoch === null || (this.#split !== null && split !== this.#split)) return;
    this.#split = split;
    const experts = listOf(event["experts"]);
    const models: [string, unknown][] = [
      ["ensemble", event["ensemble"]],
      ...(experts.length > 1 ? experts.map((one, k): [string, unknown] => [`expert ${k + 1}`, one]) : []),
    ];
    const scores = models.flatMap(([name, model]) =>
      GROUPS.map((group) => [`${name}/${group}`, numberOf(objectOf(model)[group])]),
    );
    this.#evaluations.add(epoch, {
      ...(Object.fromEntries(scores) as Record<string, number | null>),
      loss: numberOf(event["loss"]),
    });
  }
}
