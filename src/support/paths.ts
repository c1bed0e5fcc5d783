import { homedir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { lstatSync, mkdirSync, readlinkSync, statSync } from "node:fs";
import { LongtailError, systemCode } from "./errors.js";

/** The environment variables that decide where things are; a parameter so that tests can give their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What longtail keeps for a user and can make again: in $XDG_CACHE_HOME or ~/.cache. */
export function userCacheFolder(environment: Environment = process.env): string {
  const chosen = environment["XDG_CACHE_HOME"] ?? "";
  return join(chosen === "" ? join(homedir(), ".cache") : chosen, "longtail");
}

/**
 * Makes a folder and those above it, one by one: Node.js's own `recursive` never ends where mkdir says "no such file or
 * directory" below a folder that is there (/proc, some automatic mounts). Returns the topmost folder that was made; undefined
 * where all were there.
 *
 * @throws LongtailError naming a link that leads nowhere or to itself; else the system's error.
 */
export function makeFolder(path: string): string | undefined {
  let above: string | undefined;
  for (let isAgain = false; ; isAgain = true) {
    try {
      mkdirSync(path);
      return above ?? path;
    } catch (error) {
      if (isFolder(path)) return above;
      assertLinksLead(path);
      // Whether the folder above is there says nothing of then: another process may have made it since.
      if (systemCode(error) !== "ENOENT" || isAgain) throw error;
    }
    above = makeFolder(dirname(resolve(path)));
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** @throws LongtailError where the path, or a folder above it, is a link to something that is not there, or to itself. */
function assertLinksLead(path: string): void {
  const parent = dirname(resolve(path));
  if (parent !== resolve(path)) assertLinksLead(parent);
  if (!isLink(path)) return;
  try {
    statSync(path);
  } catch (error) {
    const target = readlinkSync(path);
    const found = systemCode(error) === "ELOOP" ? "leads back to itself" : "is not there";
    throw new LongtailError(
      `${path} is a link to ${target}, which ${found}: mend the link, or name another folder.`,
    );
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** A path from a folder on, where it lies there; else as it is. */
export function fromFolder(folder: string, path: string): string {
  const below = relative(folder, path);
  return below.startsWith("..") || isAbsolute(below) ? path : below;
}

/**
 * A text in which paths start at the working folder, or at `~`, so that it may be published: it no longer tells the user's name
 * and where things lie on the machine. Paths elsewhere stay as they are.
 */
export function withoutMachinePaths(text: string, working = process.cwd(), home = homedir()): string {
  return shortened(shortened(text, working, ""), home, "~/");
}

/** Where a path begins, its folder replaced; within a longer path the same letters stay. */
function shortened(text: string, folder: string, start: string): string {
  if (dirname(folder) === folder) return text;
  return text.split(`${folder}/`).reduce((before, after) => {
    return before + (/[\w./~-]$/.test(before) ? `${folder}/` : start) + after;
  });
}
