import type { MlflowOptions } from "../logs/mlflow/settings.js";
import type { ResultsTable, TableOptions, TableProgress } from "../results/run-table.js";
import type { Listener } from "../runs/events.js";
import { loadRecipe, trainable } from "./recipes.js";

/**
 * Settings of every training of a table of results.
 *
 * @example
 * const options: ResultsOptions = { out: "results", threads: 2, onRun: ({ name, what }) => console.log(name, what) };
 */
export interface ResultsOptions
  extends
    Partial<Omit<TableOptions, "out" | "versions" | "listeners" | "mlflow">>,
    Pick<TableOptions, "out"> {
  /** Receive every event of the trainings, in order. */
  readonly listeners?: readonly Listener[];
  /** MLflow server that receives the runs as well; null or not given: none. */
  readonly mlflow?: MlflowOptions | null | undefined;
  /** Hears when a run starts, ends or is passed over. */
  readonly onRun?: (progress: TableProgress) => void;
}

/**
 * Works through a table of recipes and seeds (YAML or JSON), each run into a folder of `out`, and writes a row for each into
 * results.json and results.md there. The same call continues after any end; several processes may work on one folder, each
 * takes the next run that nobody has.
 *
 * @throws UsageError for a fault of the table or of a recipe, before anything begins; the signal's reason.
 * @example
 * const { rows, left } = await runResults("table.yaml", { out: "results", threads: 2 });
 * console.log(rows.length, left);
 */
export async function runResults(table: string, options: ResultsOptions): Promise<ResultsTable> {
  const { readTable } = await import("../results/table.js");
  const { runTable } = await import("../results/run-table.js");
  const { versions } = await import("../runs/versions.js");
  const { mlflowSettings } = await import("../logs/mlflow/settings.js");
  const { listeners = [], command = [], mlflow, ...rest } = options;
  const planned = await readTable(table);
  const runs = await Promise.all(
    planned.map(async (run) => ({
      ...run,
      resolved: await trainable(await loadRecipe(run.recipe, { set: run.set }), run.data),
    })),
  );
  const logged = mlflow ? { mlflow: mlflowSettings(mlflow) } : {};
  return runTable(runs, { ...rest, ...logged, listeners, command, versions: versions() });
}
