import { SvelteMap } from "svelte/reactivity";
import type { CurvesPart, LogPart, MachineUse, RowsPart } from "../../../src/watch/protocol.ts";
import type { RunList, RunSummary } from "../../../src/watch/runs.ts";
import { Connection, type Status } from "./connection.ts";
import { NO_TABLE, withPart, type Table } from "./tables.ts";

export interface RunCurves {
  readonly steps: Table;
  readonly evaluations: Table;
  readonly split: string | null;
}

/** A use of the machine, and when the page received it (seconds since 1970). */
export interface UseAt {
  readonly time: number;
  readonly use: MachineUse;
}

const MAX_LINES = 400;
const MAX_USES = 900; // a quarter of an hour

/** What the page knows of the runs: the list, and of those that are followed their curves, log and use of the machine. */
export class Live {
  status = $state<Status>("connecting");
  folder = $state("");
  complete = $state(true);
  runs = $state.raw<readonly RunSummary[] | null>(null);
  readonly curves = new SvelteMap<string, RunCurves>();
  readonly logs = new SvelteMap<string, readonly string[]>();
  readonly uses = new SvelteMap<string, readonly UseAt[]>();

  /** Asks for these runs' curves until the connection is closed. */
  follow(ids: readonly string[]): Connection {
    return new Connection(
      ids,
      {
        list: (list) => this.takeList(list),
        rows: (part) => this.takeRows(part),
        curves: (part) => this.takeCurves(part),
        log: (part) => this.takeLog(part),
        machine: (use) => this.takeUse(use),
        alive: () => undefined,
      },
      (status) => (this.status = status),
    );
  }

  run(id: string): RunSummary | undefined {
    return this.runs?.find((run) => run.id === id);
  }

  private takeList({ folder, runs, complete }: RunList): void {
    Object.assign(this, { folder, runs, complete });
  }

  private takeRows({ runs, gone }: RowsPart): void {
    const rows = new Map(this.runs?.map((run) => [run.id, run]));
    for (const run of runs) rows.set(run.id, run);
    for (const id of gone) rows.delete(id);
    this.runs = [...rows.values()];
  }

  private takeCurves({ id, steps, evaluations, split }: CurvesPart): void {
    const before = this.curves.get(id);
    this.curves.set(id, {
      steps: steps === null ? (before?.steps ?? NO_TABLE) : withPart(before?.steps ?? NO_TABLE, steps),
      evaluations:
        evaluations === null
          ? (before?.evaluations ?? NO_TABLE)
          : withPart(before?.evaluations ?? NO_TABLE, evaluations),
      split,
    });
  }

  private takeLog({ id, anew, lines }: LogPart): void {
    const before = anew ? [] : (this.logs.get(id) ?? []);
    this.logs.set(id, [...before, ...lines].slice(-MAX_LINES));
  }

  private takeUse(use: MachineUse): void {
    const before = this.uses.get(use.id) ?? [];
    this.uses.set(use.id, [...before, { time: Date.now() / 1000, use }].slice(-MAX_USES));
  }
}
