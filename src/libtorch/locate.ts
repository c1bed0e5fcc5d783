import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { userCacheFolder, type Environment } from "../support/paths.js";
import { EngineError } from "../support/errors.js";
import { LIBTORCH_VERSION } from "./version.js";

/**
 * Where the engine is.
 *
 * @example
 * const { root, version, cuda }: EngineLocation = await engineInfo();
 */
export interface EngineLocation {
  /** The folder that holds `lib/` and `include/`: the wheel's `torch/`, or an unpacked libtorch. */
  readonly root: string;
  readonly version: string;
  readonly origin: "LONGTAIL_TORCH" | "cache";
  /** Whether the CUDA libraries are there. */
  readonly cuda: boolean;
}

const howToInstall = "install it with `npm run setup` or `npx longtail engine install`";

/**
 * Finds libtorch: first the folder in LONGTAIL_TORCH (a libtorch or an installed torch), then the per-user
 * cache, where an installation with CUDA goes before one without (it holds all of the other).
 *
 * @throws EngineError when there is none or it is of another version.
 */
export function locateEngine(environment: Environment = process.env): EngineLocation {
  const found = findEngine(environment);
  if (found) return found;
  const folder = engineCacheFolder({ cuda: false }, environment);
  throw new EngineError(
    `the engine (libtorch ${LIBTORCH_VERSION}) is not installed: expected in ${folder}; ${howToInstall}`,
  );
}

/**
 * The same; undefined when none is installed.
 *
 * @throws EngineError when the one that is there cannot be used.
 */
export function findEngine(environment: Environment = process.env): EngineLocation | undefined {
  const chosen = environment["LONGTAIL_TORCH"];
  if (chosen) return checkedLocation(chosen, "LONGTAIL_TORCH");
  for (const cuda of [true, false]) {
    const cached = locateCached({ cuda }, environment);
    if (cached) return cached;
  }
  return undefined;
}

/** The installation of one kind in the cache, if there is one. */
export function locateCached(
  { cuda }: { cuda: boolean },
  environment: Environment = process.env,
): EngineLocation | undefined {
  const root = join(engineCacheFolder({ cuda }, environment), "torch");
  return existsSync(root) ? checkedLocation(root, "cache") : undefined;
}

/** Where an installation lies: one folder per version and kind, so that several can exist side by side. */
export function engineCacheFolder(
  { cuda = false }: { cuda?: boolean } = {},
  environment: Environment = process.env,
): string {
  return join(userCacheFolder(environment), `torch-${LIBTORCH_VERSION}-${cuda ? "cuda" : "cpu"}`);
}

function checkedLocation(root: string, origin: EngineLocation["origin"]): EngineLocation {
  const where = origin === "cache" ? root : `${root} (from LONGTAIL_TORCH)`;
  if (!existsSync(join(root, "lib", "libtorch_cpu.so"))) {
    throw new EngineError(`no engine in ${where}: expected lib/libtorch_cpu.so there; ${remedy(origin)}`);
  }
  const version = readVersion(root);
  if (version !== LIBTORCH_VERSION) {
    throw new EngineError(
      `the engine in ${where} is libtorch ${version ?? "of an unknown version"}, expected ${LIBTORCH_VERSION}; ${remedy(origin)}`,
    );
  }
  return { root, version, origin, cuda: existsSync(join(root, "lib", "libtorch_cuda.so")) };
}

function remedy(origin: EngineLocation["origin"]): string {
  return origin === "cache"
    ? howToInstall
    : `point LONGTAIL_TORCH elsewhere, or unset it and ${howToInstall}`;
}

/** A wheel keeps its version in version.py, a libtorch archive in build-version; "+cu130" is not part of it. */
function readVersion(root: string): string | undefined {
  for (const [file, pattern] of [
    ["version.py", /__version__ = '([^'+]+)/],
    ["build-version", /^([^\s+]+)/],
  ] as const) {
    const path = join(root, file);
    if (existsSync(path)) return pattern.exec(readFileSync(path, "utf8"))?.[1];
  }
  return undefined;
}
