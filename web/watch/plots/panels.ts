import type { RunCurves, UseAt } from "../live/live.svelte.ts";
import { epochsAfter, type Timeline } from "../../../src/watch/runs.ts";
import type { Table } from "../live/tables.ts";
import { movingMean } from "./moving-mean.ts";

type Values = readonly (number | null)[];

/** A curve in a plot. */
export interface Series {
  readonly name: string;
  /** A custom property of the page's style, such as "--s1". */
  readonly color: string;
  readonly x: readonly number[];
  readonly y: Values;
  /** The least and the greatest value around each point. */
  readonly range?: { readonly least: Values; readonly greatest: Values } | undefined;
}

/** A plot: its curves over epochs, or over the time of day in seconds since 1970. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly over: "epochs" | "time";
  readonly digits: number;
  /** Whether the axis begins at 0. */
  readonly fromZero: boolean;
  readonly series: readonly Series[];
  /** Places that the plot shows in any case, so that all plots over epochs are over the same ones. */
  readonly reach: readonly number[];
}

type Curves = Omit<Panel, "reach">;

/** A run that is shown: what it is called here, and its color among the others. */
export interface Subject {
  readonly title: string;
  readonly color: string;
  /** Null where the run's first event is not known. */
  readonly timeline: Timeline | null;
  readonly curves: RunCurves | undefined;
  readonly uses: readonly UseAt[];
}

const GROUPS = ["all", "many", "medium", "few"] as const;
const GROUP_COLORS = { all: "--text", many: "--many", medium: "--medium", few: "--few" } as const;
const GIGABYTE = 1e9;

interface Options {
  /** How many points are meant into one. */
  readonly smoothing: number;
  /** Whether the least and the greatest values are shown: of several runs they would hide one another. */
  readonly ranges?: boolean;
}

/** The plots of one run, with its groups and the loss's range, or of several laid over one another. */
export function panelsOf(subjects: readonly Subject[], options: Options): Panel[] {
  const [first] = subjects;
  const accuracies =
    subjects.length === 1 && first ? [groupsOf(first)] : GROUPS.map((group) => ofGroup(subjects, group));
  const panels: Curves[] = [
    {
      ...LOSS,
      series: subjects.flatMap((subject) =>
        stepSeries(subject, "loss", { ...options, ranges: subjects.length === 1 }),
      ),
    },
    ...accuracies,
    { ...RATE, series: subjects.flatMap((subject) => stepSeries(subject, "learningRate", { smoothing: 1 })) },
    { ...SPEED, series: subjects.flatMap((subject) => stepSeries(subject, "imagesPerSecond", options)) },
    ...machinePanels(subjects),
  ];
  const ends = panels
    .filter(({ over }) => over === "epochs")
    .flatMap(({ series }) => series.map(({ x }) => x.at(-1) ?? 0));
  return panels
    .filter(({ series }) => series.length > 0)
    .map((panel) => ({ ...panel, reach: panel.over === "epochs" ? [0, Math.max(...ends)] : [] }));
}

const EPOCHS = { over: "epochs", fromZero: false, unit: "" } as const;
const LOSS = { ...EPOCHS, title: "Training loss", digits: 3 };
const ACCURACY = { ...EPOCHS, unit: "%", digits: 1 };
const RATE = { ...EPOCHS, title: "Learning rate", digits: 5, fromZero: true };
const SPEED = { ...EPOCHS, title: "Images a second", digits: 0, fromZero: true };
const TIME = { over: "time", fromZero: true } as const;

function groupsOf(subject: Subject): Curves {
  const series = GROUPS.flatMap((group) =>
    evaluationSeries(subject, group).map((one) => ({ ...one, name: group, color: GROUP_COLORS[group] })),
  );
  return { ...ACCURACY, title: accuracyTitle([subject], "by group"), series };
}

function ofGroup(subjects: readonly Subject[], group: string): Curves {
  const series = subjects.flatMap((subject) => evaluationSeries(subject, group));
  return {
    ...ACCURACY,
    title: accuracyTitle(subjects, group === "all" ? "all classes" : `${group} classes`),
    series,
  };
}

/** Says which images it is on where that is the same for all. */
function accuracyTitle(subjects: readonly Subject[], of: string): string {
  const [split, ...others] = new Set(
    subjects.map(({ curves }) => curves?.split ?? null).filter((one) => one !== null),
  );
  return `Accuracy, ${of}${split === undefined || others.length > 0 ? "" : ` (${split} images)`}`;
}

function stepSeries(
  { title, color, curves, timeline }: Subject,
  name: string,
  { smoothing, ranges = false }: Options,
): Series[] {
  const table = curves?.steps;
  const column = table?.columns[name];
  if (table === undefined || column === undefined || timeline === null) return [];
  const { mean, least, greatest } = column;
  return [
    {
      ...{ name: title, color },
      x: table.x.map((step) => epochsAfter(timeline, step)),
      y: movingMean(mean, smoothing),
      range: !ranges || least === undefined || greatest === undefined ? undefined : { least, greatest },
    },
  ];
}

function evaluationSeries({ title, color, curves }: Subject, group: string): Series[] {
  const table: Table | undefined = curves?.evaluations;
  const column = table?.columns[`ensemble/${group}`];
  if (table === undefined || column === undefined || column.mean.every((value) => value === null)) return [];
  return [{ name: title, color, x: table.x, y: column.mean }];
}

function machinePanels(subjects: readonly Subject[]): Curves[] {
  const of = (value: (use: UseAt["use"]) => number | null): Series[] =>
    subjects
      .filter(({ uses }) => uses.some(({ use }) => value(use) !== null))
      .map(({ title, color, uses }) => ({
        ...{ name: title, color },
        x: uses.map(({ time }) => time),
        y: uses.map(({ use }) => value(use)),
      }));
  return [
    { ...TIME, title: "Processor cores busy", unit: "", digits: 1, series: of(({ cores }) => cores) },
    { ...TIME, title: "Memory", unit: "GB", digits: 2, series: of(({ memory }) => scaled(memory)) },
    { ...TIME, title: "GPU busy", unit: "%", digits: 0, series: of(({ gpus }) => gpus[0]?.busy ?? null) },
    {
      ...{ ...TIME, title: "GPU memory in use by everyone", unit: "GB", digits: 1 },
      series: of(({ gpus }) => scaled(gpus[0]?.memory ?? null)),
    },
  ];
}

function scaled(bytes: number | null): number | null {
  return bytes === null ? null : bytes / GIGABYTE;
}
