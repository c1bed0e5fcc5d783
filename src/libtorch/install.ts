import { join } from "node:path";
import { type InstallProgress, installWheels } from "../package-index/install-wheels.js";
import type { WheelMembers } from "../package-index/wheel.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { DownloadError, EngineError } from "../support/errors.js";
import { prettyJson } from "../support/json.js";
import type { Environment } from "../support/paths.js";
import { engineCacheFolder, locateCached, type EngineLocation } from "./locate.js";
import { assertPlatform } from "./platform.js";
import { LIBTORCH_VERSION, NEEDED_BYTES } from "./version.js";
import { CPU_WHEELS, CUDA_WHEELS } from "./wheels.js";

/**
 * Settings of an installation of the engine.
 *
 * @example
 * const options: InstallOptions = { cuda: true, onProgress: ({ kind }) => console.log(kind) };
 */
export interface InstallOptions {
  /** Whether to install the one for NVIDIA GPUs, which also computes on CPUs; false by default. */
  readonly cuda?: boolean;
  /** Whether to install again though it is there; false by default. */
  readonly force?: boolean;
  /** Listener for what the installation is at. */
  readonly onProgress?: (progress: InstallProgress) => void;
  /** Environment variables that decide where the engine goes and how the package index is reached. */
  readonly environment?: Environment;
}

/** What tests set besides. */
interface Internals {
  /** What to install, by default the published wheels. */
  readonly wheels?: readonly WheelMembers[];
  /** Wait before the first repetition of a failed request. */
  readonly retryDelayMs?: number;
}

/**
 * Downloads libtorch's wheels from the Python package index and unpacks what the engine needs into the per-user
 * cache. The installation appears whole or not at all; an interrupted download is continued; a second process waits
 * for the first and finds it done.
 *
 * @throws EngineError that says what to do: no network, wrong bytes, a full disk, another platform.
 *
 * @example
 * await installEngine({ onProgress: ({ kind }) => console.log(kind) });
 */
export async function installEngine(options: InstallOptions & Internals = {}): Promise<EngineLocation> {
  const { cuda = false, force = false, onProgress = () => undefined, environment = process.env } = options;
  const { wheels = cuda ? CUDA_WHEELS : CPU_WHEELS, retryDelayMs } = options;
  assertPlatform();
  const found = (): EngineLocation | undefined => locateCached({ cuda }, environment);
  const there = found();
  if (there && !force) return there;
  const target = engineCacheFolder({ cuda }, environment);
  const installed = {
    version: LIBTORCH_VERSION,
    cuda,
    wheels: wheels.map(({ wheel }) => wheel.file).sort(),
    time: new Date().toISOString(),
  };
  try {
    await installWheels({
      what: "the engine",
      target,
      wheels,
      neededBytes: cuda ? NEEDED_BYTES.cuda : NEEDED_BYTES.cpu,
      isInstalled: () => found() !== undefined,
      force,
      onProgress,
      environment,
      onComplete: (folder) => {
        writeFileAtomic(join(folder, "installed.json"), prettyJson(installed));
      },
      ...(retryDelayMs !== undefined && { retryDelayMs }),
    });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new EngineError(error.message, { cause: error });
  }
  const location = found();
  if (!location) throw new EngineError(`the engine was installed but is not in ${target}`);
  return location;
}
