import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { userCacheFolder, type Environment } from "../support/paths.js";
import { EngineError } from "../support/errors.js";
import { runVisibly } from "./first-use.js";
import { LIBTORCH_VERSION } from "./version.js";

/** A folder with longtail.node and preload.node, and how they came there. */
export interface AddonLocation {
  readonly folder: string;
  /** Built in a clone by its set-up, part of the package, or built on this machine because that one does not fit. */
  readonly origin: "clone" | "package" | "cache";
}

/** What the package says of the addon that it brings: prebuilds/linux-x64/addon.json. */
interface Prebuild {
  readonly libtorch: string;
  /** Hash of the sources. */
  readonly key: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The addon to load: the clone's own, one built on this machine, or the package's.
 *
 * @throws EngineError when there is none.
 */
export function locateAddon(
  environment: Environment = process.env,
  packageFolder: string = root,
): AddonLocation {
  const clone = join(packageFolder, "build");
  if (hasAddon(clone)) return { folder: clone, origin: "clone" };
  const prebuild = readPrebuild(packageFolder);
  if (!prebuild) {
    throw new EngineError(
      `The native addon is not built: expected ${join(clone, "longtail.node")}. Run "npm run setup" in longtail's folder.`,
    );
  }
  const cache = builtFolder(prebuild, environment);
  if (hasAddon(cache)) return { folder: cache, origin: "cache" };
  if (prebuild.libtorch === LIBTORCH_VERSION)
    return { folder: prebuiltFolder(packageFolder), origin: "package" };
  return buildAddon(`it was made for libtorch ${prebuild.libtorch}`, environment, packageFolder);
}

/**
 * Builds the addon for this machine, where the package's does not fit, into the user's cache.
 *
 * @param reason why the package's addon does not fit.
 * @throws EngineError that says what is missing.
 */
export function buildAddon(
  reason: string,
  environment: Environment = process.env,
  packageFolder: string = root,
): AddonLocation {
  const prebuild = readPrebuild(packageFolder);
  if (!prebuild)
    throw new EngineError(`longtail's package is incomplete: no ${prebuiltFolder(packageFolder)}`);
  const folder = builtFolder(prebuild, environment);
  process.stderr.write(
    `longtail's prebuilt addon does not fit this machine (${reason}); building it, once, takes some minutes\n`,
  );
  const script = join(packageFolder, "scripts", "build-addon.mjs");
  const failure = `longtail's prebuilt addon does not fit this machine (${reason}), and it could not be built here; see above`;
  runVisibly([script, folder], environment, failure);
  return { folder, origin: "cache" };
}

function hasAddon(folder: string): boolean {
  return existsSync(join(folder, "longtail.node"));
}

function prebuiltFolder(packageFolder: string): string {
  return join(packageFolder, "prebuilds", "linux-x64");
}

function readPrebuild(packageFolder: string): Prebuild | undefined {
  const path = join(prebuiltFolder(packageFolder), "addon.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Prebuild) : undefined;
}

/** One folder for each state of the sources, so that versions of longtail stand side by side. */
function builtFolder({ key }: Prebuild, environment: Environment): string {
  return join(userCacheFolder(environment), `addon-${LIBTORCH_VERSION}-${key}`);
}
