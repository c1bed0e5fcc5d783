// PyTorch to compare with, in a virtual environment that the bench makes in the user's cache (about 6 GB, once).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { LIBTORCH_VERSION } from "../../dist/engine/version.js";

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "longtail");

/** The path of a Python that imports the same version of torch as the engine's. */
export function pytorch() {
  const folder = join(cache, `bench-pytorch-${LIBTORCH_VERSION}`);
  const python = join(folder, "bin/python");
  if (existsSync(python)) return python;
  console.error(`installing PyTorch ${LIBTORCH_VERSION} into ${folder} (several GB, once) …`);
  mkdirSync(cache, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
    const pip = ["-m", "pip", "install", "--quiet", `torch==${LIBTORCH_VERSION}`, "numpy"];
    execFileSync(python, pip, { stdio: "inherit" });
  } catch (error) {
    renameSync(folder, `${folder}-incomplete-${process.pid}`); // scripts in it name the first path: it cannot be resumed
    throw new Error(
      `PyTorch could not be installed: ${error.message}. The bench needs Python 3.10 or later with venv and pip.`,
    );
  }
  return python;
}
