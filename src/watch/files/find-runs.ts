import { readdir } from "node:fs/promises";
import { join } from "node:path";

const MAX_DEPTH = 6;
const MAX_FOLDERS = 10_000;
const MARKS = ["metrics.jsonl", "recipe.json"];

export interface FoundRuns {
  /** Paths below the folder with "/" between names, sorted; "." when the folder is itself a run. */
  readonly paths: readonly string[];
  /** False when there were too many folders to look into all of them. */
  readonly complete: boolean;
}

/**
 * The runs in a folder and in the folders in it: what holds recipe.json or metrics.jsonl. Links are not followed, and
 * what cannot be read holds no runs.
 */
export async function findRuns(root: string): Promise<FoundRuns> {
  const paths: string[] = [];
  let level = ["."];
  let visited = 0;
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const path of level) {
      if ((visited += 1) > MAX_FOLDERS) return { paths: paths.sort(), complete: false };
      const { isRun, folders } = await look(join(root, path));
      if (isRun) paths.push(path);
      else next.push(...folders.map((name) => (path === "." ? name : `${path}/${name}`)));
    }
    level = next;
  }
  return { paths: paths.sort(), complete: true };
}

async function look(path: string): Promise<{ isRun: boolean; folders: string[] }> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const isRun = entries.some((entry) => entry.isFile() && MARKS.includes(entry.name));
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
    .map(({ name }) => name);
  return { isRun, folders };
}
