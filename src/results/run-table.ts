import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ResultRow } from "../recipes/result-row.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { readDescription, hasResult } from "../runs/read-run.js";
import { differences } from "../runs/stored-recipe.js";
import { RunTakenError } from "../runs/run-claim.js";
import { type RunFolder, runFolder } from "../runs/run-folder.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { LongtailError, UsageError } from "../support/errors.js";
import { prettyJson } from "../support/json.js";
import { makeFolder } from "../support/paths.js";
import { noun } from "../support/text.js";
import type { TrainOptions } from "../training/settings.js";
import { trainRun } from "../training/train.js";
import { resultsMarkdown } from "./markdown.js";
import { keepRecord, recordedRows, thisCheckout, thisMachine } from "./record.js";
import { rowOf } from "./row.js";
import type { PlannedRun } from "./table.js";

/** A run of the table with its recipe, checked and with every default. */
export interface ReadyRun extends PlannedRun {
  readonly resolved: ResolvedRecipe;
}

/**
 * Sent when a run of a table starts, ends or is passed over.
 *
 * @example
 * const onRun = ({ name, seed, index, count, what }: TableProgress) => console.log(name, seed, index + 1, count, what);
 */
export interface TableProgress {
  readonly name: string;
  readonly seed: number;
  /** Of the run in the table, from 0, of `count`. */
  readonly index: number;
  readonly count: number;
  /** "elsewhere" when another process trains it. */
  readonly what: "starts" | "finished" | "failed" | "elsewhere" | "done before";
  /** Why it failed; null unless it did. */
  readonly message: string | null;
}

/** Settings of every training, and who hears of the runs. */
export interface TableOptions extends Omit<
  TrainOptions,
  "recipe" | "out" | "resume" | "force" | "from" | "peers"
> {
  /** Folder of all runs and of results.json. */
  readonly out: string;
  readonly onRun?: (progress: TableProgress) => void;
}

/**
 * Rows of all runs that have begun, then of finished ones that other tables left in the folder, and how many of the table's have
 * not begun. results.json in the folder holds the same.
 *
 * @example
 * const { rows, left }: ResultsTable = await runResults("table.yaml", { out: "results" });
 */
export interface ResultsTable {
  readonly rows: readonly ResultRow[];
  readonly left: number;
}

/**
 * Works through a table of runs in its order: finished ones stay, interrupted ones are resumed, one that fails is noted and
 * the next one begins, one that another process is training is left to it. After each run results.json, results.md and, in
 * `record`, the run's small files are written. Finished runs of other tables that went into the same folder keep their rows.
 * @throws UsageError before anything begins for a folder that holds a run of another recipe; the signal's reason.
 */
export async function runTable(runs: readonly ReadyRun[], options: TableOptions): Promise<ResultsTable> {
  const { out, onRun = () => undefined, ...settings } = options;
  const folders = runs.map(({ name, seed }) => runFolder(join(out, name, `seed-${seed}`)));
  for (const [index, run] of runs.entries()) assertSameRecipe(run, folders[index]!);
  const checkout = thisCheckout();
  const machine = thisMachine();
  const errors = new Map<number, string>();
  const record = ({ name, seed, reported }: ReadyRun, folder: RunFolder): Promise<void> =>
    keepRecord(recordOf(out, { name, seed }), { folder, name, reported, machine, checkout });
  const write = (): ResultsTable => {
    const recorded = recordedRows(recordsOf(out));
    const begun = runs.flatMap((run, index) => {
      const folder = folders[index]!;
      if (!existsSync(folder.recipe)) return [];
      const facts = { ...run, machine, checkout, error: errors.get(index) ?? null };
      return [recorded.find((row) => isRowOf(run, row)) ?? rowOf(folder.path, facts)];
    });
    const rows = [...begun, ...recorded.filter((row) => !runs.some((run) => isRowOf(run, row)))];
    const table = { rows, left: runs.length - begun.length };
    makeFolder(out);
    writeFileAtomic(join(out, "results.json"), prettyJson(table));
    writeFileAtomic(join(out, "results.md"), resultsMarkdown(rows));
    return table;
  };
  for (const [index, run] of runs.entries()) {
    const folder = folders[index]!;
    const report = (what: TableProgress["what"], message: string | null = null): void => {
      onRun({ name: run.name, seed: run.seed, index, count: runs.length, what, message });
    };
    if (hasResult(folder.path)) {
      report("done before");
      await record(run, folder);
      continue;
    }
    report("starts");
    try {
      const { evaluation } = await trainRun({
        ...settings,
        recipe: run.resolved,
        out: folder.path,
        resume: true,
      });
      if (evaluation === null) {
        write();
        throw settings.signal!.reason; // only a signal ends a training early
      }
      await record(run, folder);
      report("finished");
    } catch (error) {
      if (error === settings.signal?.reason || !(error instanceof LongtailError)) throw error;
      if (error instanceof RunTakenError) report("elsewhere");
      else {
        errors.set(index, error.message);
        report("failed", error.message);
      }
    }
    write();
  }
  return write();
}

/** A folder in which a row's run lies must hold that run, so that a changed table does not take old numbers for new ones. */
function assertSameRecipe({ name, seed, resolved }: ReadyRun, { path, recipe }: RunFolder): void {
  if (!existsSync(recipe)) return;
  const keys = differences(readDescription(path).recipe, resolved);
  if (keys.length === 0) return;
  throw new UsageError(
    `${path}: expected a run of ${name}, seed ${seed}, as the table has it; found one in which ` +
      `${keys.join(", ")} ${noun(keys.length, "differs", "differ")}. Give the row another name, or choose another --out.`,
  );
}

function isRowOf({ name, seed }: PlannedRun, row: ResultRow): boolean {
  return row.name === name && row.seed === seed;
}

/** Folder of what is kept of all runs beside their weights. */
function recordsOf(out: string): string {
  return join(out, "record");
}

function recordOf(out: string, { name, seed }: Pick<PlannedRun, "name" | "seed">): string {
  return join(recordsOf(out), `${name}-seed-${seed}`);
}
