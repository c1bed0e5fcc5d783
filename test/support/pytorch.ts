/** The PyTorch that the bench compares with (bench/support/pytorch.mjs installs it); tests use it where it is. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { LIBTORCH_VERSION } from "../../src/engine/version.js";

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "longtail");
const path = join(cache, `bench-pytorch-${LIBTORCH_VERSION}`, "bin/python");

/** A Python that imports torch, or why there is none. */
export const pytorch: { python: string } | { missing: string } = existsSync(path)
  ? { python: path }
  : { missing: `PyTorch is not installed (${path}, which bench/step.mjs makes)` };
