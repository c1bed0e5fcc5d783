// PyTorch to compare with, in a virtual environment that the bench makes in the user's cache (about 6 GB, once).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { engineCacheFolder } from "../../dist/engine/locate.js";
import { LIBTORCH_VERSION } from "../../dist/engine/version.js";

/** The path of a Python that imports the same version of torch as the engine's. */
export function pytorch() {
  const folder = join(dirname(engineCacheFolder()), `bench-pytorch-${LIBTORCH_VERSION}`);
  const python = join(folder, "bin/python");
  const complete = join(folder, "complete"); // written last: an interrupted installation is made anew
  if (existsSync(complete)) return python;
  console.error(`installing PyTorch ${LIBTORCH_VERSION} into ${folder} (several GB, once) …`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
    const pip = ["-m", "pip", "install", "--quiet", `torch==${LIBTORCH_VERSION}`, "numpy"];
    execFileSync(python, pip, { stdio: "inherit" });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(
      `PyTorch could not be installed: ${error.message}. The bench needs Python 3.10 or later with venv and pip.`,
    );
  }
  writeFileSync(complete, "");
  return python;
}
