/** The PyTorch that the bench compares with (bench/support/pytorch.mjs installs it); tests use it where it is. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { engineCacheFolder } from "../../src/libtorch/locate.js";
import { LIBTORCH_VERSION } from "../../src/libtorch/version.js";

const folder = join(dirname(engineCacheFolder()), `bench-pytorch-${LIBTORCH_VERSION}`);

/** A Python that imports torch, or why there is none. */
export const pytorch: { python: string } | { missing: string } = existsSync(join(folder, "complete"))
  ? { python: join(folder, "bin/python") }
  : { missing: `PyTorch is not installed (in ${folder}, which bench/step.mjs makes)` };
