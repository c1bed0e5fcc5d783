// PyTorch to compare with, in a virtual environment that the bench makes in the user's cache (about 6 GB, once).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { engineCacheFolder } from "../../dist/engine/locate.js";
import { LIBTORCH_VERSION } from "../../dist/engine/version.js";

/** torchvision 0.15 came with torch 2.0, and so on. */
const torchvision = (torch) => `0.${15 + Number(torch.split(".")[1])}.*`;

const packages = [
  `torch==${LIBTORCH_VERSION}`,
  `torchvision==${torchvision(LIBTORCH_VERSION)}`,
  "pillow",
  "numpy",
];

/** The path of a Python that imports the same version of torch as the engine's, torchvision, Pillow and numpy. */
export function pytorch() {
  const folder = join(dirname(engineCacheFolder()), `bench-pytorch-${LIBTORCH_VERSION}`);
  const python = join(folder, "bin/python");
  const complete = join(folder, "complete"); // what is installed; written last
  const wanted = packages.join(" ");
  const installed = existsSync(complete) ? readFileSync(complete, "utf8") : null;
  if (installed === wanted) return python;
  console.error(`installing ${wanted} into ${folder} (several GB, once) …`);
  // An interrupted installation is made anew, a whole one gets what it lacks.
  if (installed === null) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    if (installed === null) execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
    execFileSync(python, ["-m", "pip", "install", "--quiet", ...packages], { stdio: "inherit" });
  } catch (error) {
    throw new Error(
      `PyTorch could not be installed: ${error.message}. The bench needs Python 3.10 or later with venv and pip.`,
    );
  }
  writeFileSync(complete, wanted);
  return python;
}
