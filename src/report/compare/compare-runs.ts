import { longtailVersion } from "../../runs/versions.js";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { UsageError } from "../../support/errors.js";
import { compareGroups, type Comparison } from "./comparison.js";
import { groupRuns, readComparedRun, runPaths, type ComparedRun, type RunGroup } from "./run-groups.js";

/**
 * Settings of a comparison.
 *
 * @example
 * const options: CompareOptions = { out: "compare.html" };
 */
export interface CompareOptions {
  /** File of a page with the table and overlaid plots; none unless given. */
  readonly out?: string | undefined;
  /** Receives how many of the runs have been read. */
  readonly onProgress?: (progress: { done: number; total: number; text: string }) => void;
}

/**
 * Compares finished runs: those that differ in nothing but the seed are taken together, and every group is held against
 * the first.
 *
 * @param given folders of runs, or of several
 * @throws UsageError for a folder that holds no finished run
 */
export async function compareRuns(
  given: readonly string[],
  { onProgress }: Pick<CompareOptions, "onProgress"> = {},
): Promise<{ comparison: Comparison; groups: readonly RunGroup[] }> {
  const paths = runPaths(given);
  const runs: ComparedRun[] = [];
  for (const [done, path] of paths.entries()) {
    onProgress?.({ done, total: paths.length, text: path });
    runs.push(await readComparedRun(path));
  }
  const { groups, notes } = groupRuns(runs);
  return { comparison: compareGroups(groups, notes), groups };
}

/**
 * Compares runs and writes the page about them where `out` asks for it.
 * @throws UsageError for fewer than two runs, and for a folder that holds no finished run.
 */
export async function compare(given: readonly string[], options: CompareOptions): Promise<Comparison> {
  const paths = runPaths(given);
  if (paths.length < 2)
    throw new UsageError(
      `compare: expected two runs or more, or a folder that holds them, found ${paths[0] ?? "none"}` +
        `${paths.length === 1 ? " alone; `longtail report` shows a single run" : ""}.`,
    );
  const { comparison, groups } = await compareRuns(given, options);
  if (options.out !== undefined) {
    const { comparisonPage } = await import("./page.js"); // charts are heavy
    const by = `longtail ${longtailVersion()}, longtail compare`;
    writeFileAtomic(options.out, comparisonPage(comparison, groups, { at: new Date(), by }));
  }
  return comparison;
}
