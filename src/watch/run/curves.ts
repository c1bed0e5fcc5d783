import type { EvaluationEvent, StepEvent } from "../../runs/events.js";
import { eventIn } from "../../runs/metrics.js";
import { stepsOfEpochs, type Timeline } from "../../runs/timeline.js";
import { listOf, numberOf, objectOf } from "../../support/json.js";
import type { CurvesPart, Column, TablePart } from "../protocol.js";

interface Cell {
  count: number;
  sum: number;
  least: number;
  greatest: number;
}

interface Point {
  /** Which stretch of x it stands for. */
  place: number;
  count: number;
  sum: number; // of x
  readonly cells: Map<string, Cell>;
}

/** How far a reader has read a table. */
interface TableCursor {
  readonly edition: number;
  readonly points: number;
  readonly rows: number;
}

export const NOTHING_READ: TableCursor = { edition: -1, points: 0, rows: 0 };

/**
 * A table of columns over x = 1, 2, 3, … of which at most `most` points are kept: as it grows, neighbors are joined,
 * two and two, so that each point stands for a stretch of x of the same length, a power of two. A point keeps each
 * column's mean, least and greatest value, so no peak is lost, however long the run.
 */
export class ThinnedTable {
  readonly #options: { readonly most: number; readonly ranges: (column: string) => boolean };
  #points: Point[] = [];
  #stretch = 1;
  #edition = 0; // goes up when points that were there are no longer
  #rows = 0; // ever added

  constructor(options: { readonly most: number; readonly ranges: (column: string) => boolean }) {
    this.#options = options;
  }

  clear(): void {
    this.#points = [];
    this.#stretch = 1;
    this.#edition += 1;
  }

  /** Adds a row; x counts from 1. Rows at its x and after it, should there be any, were before something began again. */
  add(x: number, row: Readonly<Record<string, number | null>>): void {
    this.#rows += 1;
    const place = Math.floor((x - 1) / this.#stretch);
    this.#dropAfter(place);
    let point = this.#points.at(-1);
    if (point?.place !== place) {
      point = { place, count: 0, sum: 0, cells: new Map() };
      this.#points.push(point);
    }
    point.count += 1;
    point.sum += x;
    for (const [name, value] of Object.entries(row)) if (value !== null) join(point, name, single(value));
    if (this.#points.length > this.#options.most) this.#halve();
  }

  /** What a reader who has read as far as `cursor` lacks; null when that is nothing. */
  since(cursor: TableCursor): { part: TablePart; cursor: TableCursor } | null {
    const points = this.#points;
    const edition = this.#edition;
    const rows = this.#rows;
    if (cursor.edition === edition && cursor.rows === rows) return null;
    // The last point may have been added to since.
    const from = cursor.edition === edition ? Math.max(0, cursor.points - 1) : 0;
    const part = {
      from,
      x: points.slice(from).map(({ sum, count }) => sum / count),
      columns: this.#columns(from),
    };
    return { part, cursor: { edition, points: points.length, rows } };
  }

  #columns(from: number): Record<string, Column> {
    const names = new Set(this.#points.flatMap(({ cells }) => [...cells.keys()]));
    return Object.fromEntries([...names].map((name) => [name, this.#column(name, from)]));
  }

  #column(name: string, from: number): Column {
    const cells = this.#points.slice(from).map((point) => point.cells.get(name));
    const mean = cells.map((cell) => (cell === undefined ? null : rounded(cell.sum / cell.count)));
    if (!this.#options.ranges(name)) return { mean };
    const least = cells.map((cell) => (cell === undefined ? null : rounded(cell.least)));
    const greatest = cells.map((cell) => (cell === undefined ? null : rounded(cell.greatest)));
    return { mean, least, greatest };
  }

  #dropAfter(place: number): void {
    while ((this.#points.at(-1)?.place ?? -1) > place) {
      this.#points.pop();
      this.#edition += 1;
    }
  }

  #halve(): void {
    const halved: Point[] = [];
    for (const point of this.#points) {
      point.place = Math.floor(point.place / 2);
      const before = halved.at(-1);
      if (before?.place === point.place) merge(before, point);
      else halved.push(point);
    }
    this.#points = halved;
    this.#stretch *= 2;
    this.#edition += 1;
  }
}

function single(value: number): Cell {
  return { count: 1, sum: value, least: value, greatest: value };
}

function merge(into: Point, point: Point): void {
  into.count += point.count;
  into.sum += point.sum;
  for (const [name, cell] of point.cells) join(into, name, cell);
}

function join({ cells }: Point, name: string, added: Cell): void {
  const cell = cells.get(name);
  if (cell === undefined) {
    cells.set(name, added);
    return;
  }
  cell.count += added.count;
  cell.sum += added.sum;
  cell.least = Math.min(cell.least, added.least);
  cell.greatest = Math.max(cell.greatest, added.greatest);
}

/** Five digits are more than a screen shows. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

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
  #run: Timeline = { epochs: 0, stepsPerEpoch: 0 };
  #split: string | null = null;

  reset(): void {
    this.#steps.clear();
    this.#evaluations.clear();
    this.#split = null;
  }

  line(text: string): void {
    const event = eventIn(text);
    if (event?.type === "run") this.#run = event;
    else if (event?.type === "step") this.#addStep(event);
    else if (event?.type === "evaluation") this.#addEvaluation(event);
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

  #addStep({ epoch, step, terms, ...event }: StepEvent): void {
    this.#steps.add(stepsOfEpochs(this.#run, epoch - 1) + step, {
      loss: numberOf(event.loss),
      ...Object.fromEntries(Object.entries(terms).map(([name, value]) => [`term/${name}`, numberOf(value)])),
      accuracy: numberOf(event.accuracy),
      learningRate: numberOf(event.lr),
      imagesPerSecond: numberOf(event.imagesPerSecond),
      gradNorm: numberOf(event.gradNorm),
    });
  }

  /** Of those on the images that the first one was on: a run that holds images out ends with one on the test images. */
  #addEvaluation({ epoch, split, ensemble, experts, loss }: EvaluationEvent): void {
    if (this.#split !== null && split !== this.#split) return;
    this.#split = split;
    const single = listOf(experts).length > 1 ? experts : [];
    const models: [string, unknown][] = [
      ["ensemble", ensemble],
      ...single.map((one, k): [string, unknown] => [`expert ${k + 1}`, one]),
    ];
    const scores = models.flatMap(([name, model]) =>
      GROUPS.map((group) => [`${name}/${group}`, numberOf(objectOf(model)[group])]),
    );
    this.#evaluations.add(epoch, {
      ...(Object.fromEntries(scores) as Record<string, number | null>),
      loss: numberOf(loss),
    });
  }
}
