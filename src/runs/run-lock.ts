import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../support/errors.js";
import { makeFolder } from "../support/paths.js";
import { processName } from "../support/process.js";
import { lockFile } from "../torch/file-lock.js";

/**
 * Takes a run's folder for this process, until it is disposed of or the process ends. The file `lock` says who has it.
 * @throws UsageError when another training has the folder.
 */
export function lockRun(folder: string): Disposable {
  makeFolder(folder);
  const path = join(folder, "lock");
  const lock = lockFile(path);
  if (lock === null)
    throw new UsageError(
      `${folder}: another training writes to it (${readFileSync(path, "utf8").trim()}). Wait for its end, or choose another --out.`,
    );
  writeFileSync(path, `${processName()}\n`);
  return lock;
}
