import type { RunList, RunSummary } from "./runs.js";

/** Of so many runs at once a page shows curves: as many as there are colors that people can distinguish. */
export const MAX_FOLLOWED = 6;

/** Means over the steps that a point stands for, with the least and the greatest for the loss. */
export interface Column {
  readonly mean: readonly (number | null)[];
  readonly least?: readonly (number | null)[];
  readonly greatest?: readonly (number | null)[];
}

/** The points of a table from the place `from` on; what stood there and after it before is no longer so. */
export interface TablePart {
  readonly from: number;
  readonly x: readonly number[];
  readonly columns: Readonly<Record<string, Column>>;
}

/** Curves of a run, as far as they are new. */
export interface CurvesPart {
  readonly id: string;
  /** By steps, counted over all epochs: loss, term/NAME, accuracy, learningRate, imagesPerSecond, gradNorm. */
  readonly steps: TablePart | null;
  /** By epochs: ensemble/all, ensemble/many, …, expert 1/all, …, loss. */
  readonly evaluations: TablePart | null;
  /** Which images the evaluations are on. */
  readonly split: string | null;
}

/** Lines of a run's log that are new; all before are no longer so when it begins `anew`. */
export interface LogPart {
  readonly id: string;
  readonly anew: boolean;
  readonly lines: readonly string[];
}

export interface GpuUse {
  readonly index: number;
  readonly name: string;
  /** Percent of the time in which it computed. */
  readonly busy: number | null;
  /** Bytes in use by everyone, and there. */
  readonly memory: number | null;
  readonly memoryTotal: number | null;
}

/** Of a run whose process is on this machine. */
export interface MachineUse {
  readonly id: string;
  readonly pid: number;
  /** Cores that the process keeps busy. */
  readonly cores: number | null;
  readonly coresTotal: number;
  /** Bytes that are resident. */
  readonly memory: number | null;
  readonly memoryTotal: number;
  /** Those that the process computes on. */
  readonly gpus: readonly GpuUse[];
}

/** Rows of the list that are new or have changed, and runs that are there no longer. */
export interface RowsPart {
  readonly runs: readonly RunSummary[];
  readonly gone: readonly string[];
}

/** The server-sent events by name: the list comes first, and once; `alive` where there is nothing to send for long. */
export interface Messages {
  readonly list: RunList;
  readonly rows: RowsPart;
  readonly curves: CurvesPart;
  readonly log: LogPart;
  readonly machine: MachineUse;
  readonly alive: Record<string, never>;
}
