import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Environment } from "../support/paths.js";
import { EngineError } from "../support/errors.js";
import { findEngine, locateEngine, type EngineLocation } from "./locate.js";
import { assertPlatform } from "./platform.js";
import { LIBTORCH_VERSION } from "./version.js";

const command = fileURLToPath(new URL("../../bin/longtail.js", import.meta.url));

/**
 * The engine for the first tensor of a process. Where none is installed it is installed now, by a process of its own
 * that shows its progress on stderr; this one waits. LONGTAIL_INSTALL=never forbids it.
 *
 * @throws EngineError when there is none and it cannot be installed, or the one that is there cannot be used.
 */
export function engineForUse(environment: Environment = process.env): EngineLocation {
  const found = findEngine(environment);
  if (found) return found;
  assertPlatform();
  if (environment["LONGTAIL_INSTALL"] === "never") return locateEngine(environment); // throws
  const gpu = existsSync("/proc/driver/nvidia/version")
    ? "; for NVIDIA GPUs: npx longtail engine install --cuda"
    : "";
  process.stderr.write(`the engine (libtorch ${LIBTORCH_VERSION}) is installed now, once${gpu}\n`);
  runVisibly([command, "engine", "install"], environment, "the engine could not be installed; see above");
  return locateEngine(environment);
}

/** Runs a program of Node and waits for it; all it says goes to stderr. @throws EngineError with `failure`. */
export function runVisibly(args: readonly string[], environment: Environment, failure: string): void {
  const { status, error } = spawnSync(process.execPath, args, {
    env: environment,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new EngineError(error ? `${failure}: ${error.message}` : failure);
}
