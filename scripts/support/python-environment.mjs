// Python programs to test and compare with, each in a virtual environment of its own in the user's cache.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { userCacheFolder } from "../../dist/support/paths.js";

/**
 * The folder of a virtual environment that holds these packages; makes it where it is not there yet. `purpose` is what
 * needs it, for the message when it cannot be made.
 */
export function pythonEnvironment({ name, packages, purpose, size }) {
  const folder = join(userCacheFolder(), name);
  const python = join(folder, "bin/python");
  const complete = join(folder, "complete"); // what is installed; written last
  const wanted = packages.join(" ");
  const installed = existsSync(complete) ? readFileSync(complete, "utf8") : null;
  if (installed === wanted) return folder;
  console.error(`installing ${wanted} into ${folder} (${size}, once) …`);
  // An interrupted installation is made anew, a whole one gets what it lacks.
  if (installed === null) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    if (installed === null) execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
    execFileSync(python, ["-m", "pip", "install", "--quiet", ...packages], { stdio: "inherit" });
  } catch (error) {
    throw new Error(
      `${packages.join(", ")} could not be installed: ${error.message}. ${purpose} needs Python 3.10 or later with venv and pip.`,
    );
  }
  writeFileSync(complete, wanted);
  return folder;
}
