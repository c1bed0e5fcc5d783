import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "./errors.js";

/** Removes what interrupted processes left: files and folders named PREFIX and the id of a process that has ended. */
export function removeLeftovers(folder: string, prefix: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length) : Number.NaN);
    if (Number.isInteger(pid) && !isRunning(pid))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}
