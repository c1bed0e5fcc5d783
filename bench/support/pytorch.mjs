// PyTorch to compare with, in a virtual environment that the bench makes in the user's cache (about 6 GB, once).
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LIBTORCH_VERSION } from "../../dist/libtorch/version.js";
import { pythonEnvironment } from "../../scripts/support/python-environment.mjs";

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
  const name = `bench-pytorch-${LIBTORCH_VERSION}`;
  return join(pythonEnvironment({ name, packages, purpose: "The bench", size: "several GB" }), "bin/python");
}

/** A script in PyTorch for race(); it can import the modules that lie beside this file. */
export function pytorchCompetitor({ name, script, args, env = {} }) {
  const modules = fileURLToPath(new URL(".", import.meta.url));
  return { name, command: [pytorch(), script, ...args], env: { PYTHONPATH: modules, ...env } };
}
