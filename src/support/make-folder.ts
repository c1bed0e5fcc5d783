import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { systemCode } from "./errors.js";

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
