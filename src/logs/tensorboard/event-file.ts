import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

const NAME = /^events\.out\.tfevents\.(\d+)\./;

/** The event files in a folder. */
export function eventFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * A new event file's path, by the names that TensorBoard knows. It reads a folder's files in the order of their names, so
 * the seconds in the name come after those of the files that are there, whatever the clock says.
 */
export function newEventFile(folder: string, now: number = Date.now()): string {
  const seconds = readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? 0));
  const latest = Math.max(0, ...seconds);
  const own = Math.max(Math.floor(now / 1000), latest + 1);
  return join(folder, `events.out.tfevents.${String(own).padStart(10, "0")}.${hostname()}.${process.pid}.0`);
}
