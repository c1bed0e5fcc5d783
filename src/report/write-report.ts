import { writeFileAtomic } from "../support/atomic-file.js";
import { reportPage } from "./page.js";
import { readRun } from "./run/reported-run.js";

/**
 * Writes a run's report: one HTML file that needs no other, report/index.html in the run's folder unless `out` names
 * another. Returns its path.
 *
 * @throws LongtailError for a folder that holds no run, or one that cannot be written to.
 */
export async function writeReport(
  runPath: string,
  { out }: { out?: string | undefined } = {},
): Promise<string> {
  const run = await readRun(runPath);
  const path = out ?? run.folder.report;
  writeFileAtomic(path, reportPage(run, new Date()));
  return path;
}
