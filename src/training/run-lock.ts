import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "../support/errors.js";
import { native } from "../torch/native.js";

interface FileLocks {
  /** Undefined when another process has locked the file. */
  lockFile(path: string): number | undefined;
  unlockFile(file: number): void;
}

/**
 * Takes a run's folder for this process, until it is disposed of or the process ends, however that happens: the
 * system itself gives the lock up, so a crash leaves nothing to clear away. The file `lock` says who has it.
 * @throws UsageError when another training has the folder.
 */
export function lockRun(folder: string): Disposable {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  const locks = native() as unknown as FileLocks;
  const file = locks.lockFile(path);
  if (file === undefined)
    throw new UsageError(
      `${folder}: another training writes to it (${readFileSync(path, "utf8").trim()}). Wait for its end, or choose another --out.`,
    );
  writeFileSync(path, `process ${process.pid} on ${hostname()}\n`);
  return { [Symbol.dispose]: () => locks.unlockFile(file) };
}
