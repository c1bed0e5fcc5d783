/** Files of weights of the Hugging Face hub, in the cache that all of its programs share on a machine. */
import {
  copyFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import type { InstallProgress } from "../package-index/install-wheels.js";
import { readPipSettings } from "../package-index/pip-settings.js";
import {
  type ExplainStatus,
  openTransport,
  type Transport,
  withRetries,
} from "../package-index/transport.js";
import { DownloadError, systemCode } from "../support/errors.js";
import { type Environment, makeFolder } from "../support/paths.js";
import { fetchFile } from "./fetch-file.js";
import type { HubSource } from "./entry.js";

export interface HubFile {
  readonly path: string;
  /** SHA-256 that the hub said of it; undefined where its name in the cache is no hash. */
  readonly sha256: string | undefined;
}

export interface HubOptions {
  readonly environment: Environment;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly retryDelayMs?: number;
  /** Whether to download again though it is there. */
  readonly force?: boolean;
}

const COMMIT = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** The file in the shared cache, whoever put it there; undefined while it is not there. */
export function cachedHubFile(
  { repository, files }: HubSource,
  { environment, revision }: Pick<HubOptions, "environment" | "revision">,
): HubFile | undefined {
  const folder = repositoryFolder(repository, environment);
  const commit = COMMIT.test(revision) ? revision : readText(join(folder, "refs", revision));
  const snapshots = join(folder, "snapshots");
  const others = COMMIT.test(revision) || !existsSync(snapshots) ? [] : readdirSync(snapshots);
  for (const snapshot of [commit, ...others]) {
    for (const file of files) {
      const path = snapshot === undefined ? "" : join(snapshots, snapshot, file);
      if (path === "" || !existsSync(path)) continue;
      const blob = basename(realpathSync(path));
      return { path, sha256: SHA256.test(blob) ? blob : undefined };
    }
  }
  return undefined;
}

/** Where the file would be, for messages. */
export function hubFileFolder({ repository }: HubSource, environment: Environment): string {
  return repositoryFolder(repository, environment);
}

/**
 * Downloads the first of a source's files that its repository has into the shared cache, laid out as all of the hub's programs
 * do, and returns its path there.
 * @throws DownloadError that says what to do: no login, no such repository, too many requests, offline, wrong bytes.
 */
export async function fetchHubFile(source: HubSource, options: HubOptions): Promise<string> {
  const { environment, onProgress, retryDelayMs, force = false } = options;
  const { repository } = source;
  if (isOffline(environment))
    throw new DownloadError(`${repository}: HF_HUB_OFFLINE forbids to fetch it from the hub`);
  const { HUB_URL } = await import("@huggingface/hub");
  const endpoint = (environment["HF_ENDPOINT"] ?? "").replace(/\/+$/, "") || HUB_URL;
  const settings = readPipSettings(environment);
  const explain: ExplainStatus = (status) => explainHub(status, `${endpoint}/${repository}`);
  await using transport = await openTransport({ ...settings, indexes: [] }, environment, explain);
  const token = tokenFrom(environment);
  const retry = { retries: settings.retries, ...(retryDelayMs !== undefined && { delayMs: retryDelayMs }) };
  const found = await withRetries(() => askHub(source, { ...options, transport, endpoint, token }), retry);
  const { commit, file, size, sha256 } = found;
  const folder = repositoryFolder(repository, environment);
  const blob = join(folder, "blobs", sha256);
  makeFolder(dirname(blob));
  if (force || !existsSync(blob))
    await fetchFile(transport, {
      url: `${endpoint}/${repository}/resolve/${commit}/${file}`,
      path: blob,
      sha256,
      size,
      onProgress,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      ...(retryDelayMs !== undefined && { retryDelayMs }),
    });
  const path = join(folder, "snapshots", commit, file);
  link(blob, path);
  if (!COMMIT.test(options.revision)) {
    makeFolder(join(folder, "refs"));
    writeFileSync(join(folder, "refs", options.revision), commit);
  }
  return path;
}

interface Request extends Pick<HubOptions, "revision"> {
  readonly transport: Transport;
  readonly endpoint: string;
  readonly token: string | undefined;
}

/** What the hub says of a source's file. */
async function askHub(
  { repository, files }: HubSource,
  { transport, endpoint, token, revision }: Request,
): Promise<{ commit: string; file: string; size: number; sha256: string }> {
  const { modelInfo, pathsInfo } = await import("@huggingface/hub");
  const fetch = (async (url: string, request: RequestInit = {}) => {
    const { method = "GET", body, headers } = request;
    return transport.send(url, {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      ...(typeof body === "string" && { body }),
    });
  }) as unknown as typeof globalThis.fetch;
  const common = { hubUrl: endpoint, fetch, ...(token !== undefined && { accessToken: token }) };
  const { sha } = await modelInfo({ name: repository, revision, additionalFields: ["sha"], ...common });
  const found = await pathsInfo({ repo: repository, revision: sha, paths: [...files], ...common });
  for (const file of files) {
    const info = found.find(({ path }) => path === file);
    if (info?.lfs !== undefined) return { commit: sha, file, size: info.lfs.size, sha256: info.lfs.oid };
  }
  throw new DownloadError(
    `${endpoint}/${repository}: expected a file of weights, ${files.join(" or ")}, found none at ${sha}`,
  );
}

function explainHub(status: number, page: string): string | undefined {
  switch (status) {
    case 401:
    case 403:
      return (
        `${page} wants a login (status ${status}): accept its terms there, if it has some, make an access token in your settings ` +
        "and give it in HF_TOKEN"
      );
    case 404:
      return `${page}: there is no such repository, or no such file in it (status 404)`;
    case 429:
      return `${page}: too many requests (status 429); a login raises the limit (HF_TOKEN)`;
    default:
      return undefined;
  }
}

/** The cache's own variables, in its order of precedence. */
function cacheFolder(environment: Environment): string {
  const home = environment["HOME"] ?? homedir();
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = environment;
  return HF_HUB_CACHE ?? HUGGINGFACE_HUB_CACHE ?? join(hubHome(environment, home), "hub");
}

function hubHome({ HF_HOME, XDG_CACHE_HOME }: Environment, home: string): string {
  return HF_HOME ?? join(XDG_CACHE_HOME ?? join(home, ".cache"), "huggingface");
}

function repositoryFolder(repository: string, environment: Environment): string {
  return join(cacheFolder(environment), ["models", ...repository.split("/")].join("--"));
}

function tokenFrom(environment: Environment): string | undefined {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH } = environment;
  const file = HF_TOKEN_PATH ?? join(hubHome(environment, environment["HOME"] ?? homedir()), "token");
  const token = [HF_TOKEN, HUGGING_FACE_HUB_TOKEN, readText(file)].find(
    (one) => one !== undefined && one !== "",
  );
  return token?.trim();
}

function isOffline({ HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE }: Environment): boolean {
  return [HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE].some((value) => /^(?:1|true|yes|on)$/i.test(value ?? ""));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** A link to a blob, relative as the hub's programs make it; a copy where the disk has no links. */
function link(blob: string, path: string): void {
  makeFolder(dirname(path));
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path);
  try {
    symlinkSync(relative(dirname(path), blob), path);
  } catch (error) {
    if (!["EPERM", "ENOSYS", "EOPNOTSUPP"].includes(systemCode(error) ?? "")) throw error;
    copyFileSync(blob, path);
  }
}
