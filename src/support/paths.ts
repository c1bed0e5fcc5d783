import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { existsSync, mkdirSync } from "node:fs";
import { systemCode } from "./errors.js";

/** The environment variables that decide where things are; a parameter so that tests can give their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What longtail keeps for a user and can make again: in $XDG_CACHE_HOME or ~/.cache. */
export function userCacheFolder(environment: Environment = process.env): string {
  const chosen = environment["XDG_CACHE_HOME"] ?? "";
  return join(chosen === "" ? join(homedir(), ".cache") : chosen, "longtail");
}

/**
 * Makes a folder and those above it. Its error says why: mkdir with `recursive` says "no such file or directory" where
 * the file system is read-only (Node.js 20 to 24).
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const parent = dirname(resolve(path));
    if (systemCode(error) !== "ENOENT" || parent === resolve(path)) throw error;
    if (!existsSync(parent)) makeFolder(parent);
    mkdirSync(path);
  }
}
