import { compareGroups, type Comparison } from "./comparison.js";
import { groupRuns, readComparedRun, runPaths, type ComparedRun, type RunGroup } from "./run-groups.js";

interface CompareOptions {
  /** Hears how many of the runs are read. */
  readonly onProgress?: (done: { done: number; total: number; text: string }) => void;
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
  { onProgress }: CompareOptions = {},
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
