import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ResultRow, resultRowSchema } from "../recipes/result-row.js";
import { writeReport } from "../report/write-report.js";
import type { RunFolder } from "../runs/run-folder.js";
import { codeHash } from "../runs/versions.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { prettyJson } from "../support/json.js";
import { makeFolder, withoutMachinePaths } from "../support/paths.js";
import { type RowFacts, rowOf } from "./row.js";

const rowFile = (record: string): string => join(record, "row.json");

/**
 * Rows of all runs whose records are in a folder, by name and seed, as they were written when each run ended, on the machine that
 * trained it; none where there is no such folder.
 */
export function recordedRows(records: string): ResultRow[] {
  if (!existsSync(records)) return [];
  return readdirSync(records)
    .map((name) => rowFile(join(records, name)))
    .filter((path) => existsSync(path))
    .map((path) => resultRowSchema.parse(JSON.parse(readFileSync(path, "utf8"))))
    .sort((a, b) => a.name.localeCompare(b.name) || a.seed - b.seed);
}

/**
 * Copies what proves a finished run, without weights, into the folder `record` and writes its row; once. Others will read it: paths
 * on this machine are shortened.
 */
export async function keepRecord(
  record: string,
  { folder, ...facts }: { readonly folder: RunFolder } & Omit<RowFacts, "error">,
): Promise<void> {
  const row = rowFile(record);
  if (existsSync(row)) return;
  await writeReport(folder.path);
  for (const file of [folder.recipe, folder.result, folder.epochs, folder.report])
    if (existsSync(file))
      publish(readFileSync(file, "utf8"), join(record, file.slice(folder.path.length + 1)));
  publish(prettyJson(rowOf(folder.path, { ...facts, error: null })), row);
}

function publish(text: string, path: string): void {
  makeFolder(dirname(path));
  writeFileAtomic(path, withoutMachinePaths(text));
}

/** Cores and processor of this machine. */
export function thisMachine(): string {
  const all = cpus();
  return `${all.length} cores (${all[0]?.model.trim() ?? "unknown"})`;
}

/** The commit that this code is of, where it is a checkout whose sources are as committed. */
export function thisCheckout(): { readonly commit: string; readonly code: string } | null {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  if (!existsSync(join(root, ".git"))) return null;
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    if (git("status", "--porcelain", "--", "src", "native", "package-lock.json") !== "") return null;
    return { commit: git("rev-parse", "HEAD"), code: codeHash() };
  } catch {
    return null; // no git, or none that may read the folder
  }
}
