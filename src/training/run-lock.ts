import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "../support/errors.js";
import { lockFile } from "../torch/file-lock.js";

/**
 * Takes a run's folder for this process, until it is disposed of or the process ends. The file `lock` says who has it.
 * @throws UsageError when another training has the folder.
 */
export function lockRun(folder: string): Disposable {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  const lock = lockFile(path);
  if (lock === null)
    throw new UsageError(
      `${folder}: another training writes to it (${readFileSync(path, "utf8").trim()}). Wait for its end, or choose another --out.`,
    );
  writeFileSync(path, `process ${process.pid} on ${hostname()}\n`);
  return lock;
}
