import { homedir } from "node:os";
import { join } from "node:path";

/** The environment variables that decide where things are; a parameter so that tests can give their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What longtail keeps for a user and can make again: in $XDG_CACHE_HOME or ~/.cache. */
export function userCacheFolder(environment: Environment = process.env): string {
  const chosen = environment["XDG_CACHE_HOME"] ?? "";
  return join(chosen === "" ? join(homedir(), ".cache") : chosen, "longtail");
}
