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
import { writeFileAtomic } from "../support/atomic-file.js";
import type { Environment } from "../support/paths.js";
import { EngineError, systemCode } from "../support/errors.js";
import { prettyJson } from "../support/json.js";
import { removeLeftovers } from "../support/leftovers.js";
import { formatBytes } from "../support/units.js";
import { withLock } from "./install-lock.js";
import { engineCacheFolder, locateCached, type EngineLocation } from "./locate.js";
import { checkWheelFile, fetchWheel } from "./package-index/fetch-wheel.js";
import { findWheel } from "./package-index/find-wheel.js";
import { readPipSettings } from "./package-index/pip-settings.js";
import { IndexError, openTransport } from "./package-index/transport.js";
import { findPython, pipDownload } from "./pip.js";
import { assertPlatform } from "./platform.js";
import { LIBTORCH_VERSION, NEEDED_BYTES } from "./version.js";
import { DamagedWheelError, extractWheel } from "./wheel.js";
import { CPU_WHEELS, CUDA_WHEELS, type WheelMembers } from "./wheels.js";

/**
 * What an installation of the engine is at.
 *
 * @example
 * const show = (progress: InstallProgress): void => console.log(progress.kind);
 */
export type InstallProgress =
  | { readonly kind: "wait"; readonly pid: number }
  /** Bytes of a wheel that have arrived, also before this process, and all that will be fetched of it. */
  | { readonly kind: "fetch"; readonly file: string; readonly bytes: number; readonly total: number }
  /** The package index cannot be used from here, and pip is tried. */
  | { readonly kind: "fallback"; readonly reason: string }
  /** pip downloads. Bytes on the disk so far of all wheels; `size` is that of the file as pip says it. */
  | { readonly kind: "download"; readonly file: string; readonly size: string; readonly bytes: number }
  | { readonly kind: "extract"; readonly file: string; readonly bytes: number; readonly total: number };

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

type Settings = Required<InstallOptions> & Internals;

/** What the steps of one installation share. */
interface Work extends Required<InstallOptions> {
  readonly retryDelayMs: number | undefined;
  readonly wheels: readonly WheelMembers[];
  /** Removed at the end, whatever it is. */
  readonly temporary: string;
  /** Wheels that are not whole outlive a failure here, and are continued. */
  readonly downloads: string;
}

const leftover = ".install-";

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
  assertPlatform();
  const found = locateCached({ cuda }, environment);
  if (found && !force) return found;
  const target = engineCacheFolder({ cuda }, environment);
  const onWait = (pid: number): void => {
    onProgress({ kind: "wait", pid });
  };
  try {
    return await withLock(`${target}.lock`, onWait, async () => {
      const meanwhile = locateCached({ cuda }, environment);
      return meanwhile && !force
        ? meanwhile
        : await installInto(target, { ...options, cuda, force, onProgress, environment });
    });
  } catch (error) {
    throw explain(error, dirname(target));
  }
}

async function installInto(target: string, options: Settings): Promise<EngineLocation> {
  const { cuda, environment, wheels = cuda ? CUDA_WHEELS : CPU_WHEELS } = options;
  const caches = dirname(target);
  removeLeftovers(caches, leftover);
  assertSpace(caches, cuda ? NEEDED_BYTES.cuda : NEEDED_BYTES.cpu);
  const temporary = join(caches, `${leftover}${process.pid}`);
  const tree = join(temporary, "tree");
  const downloads = `${target}.downloads`;
  mkdirSync(tree, { recursive: true });
  try {
    const work: Work = { retryDelayMs: undefined, ...options, wheels, temporary, downloads };
    const files = await downloadWheels(work);
    for (const [i, wheel] of wheels.entries()) await extract(work, { ...wheel, path: files[i] ?? "", tree });
    const installed = {
      version: LIBTORCH_VERSION,
      cuda,
      wheels: wheels.map(({ wheel }) => wheel.file).sort(),
      time: new Date().toISOString(),
    };
    writeFileAtomic(join(tree, "installed.json"), prettyJson(installed));
    replaceFolder(tree, target, join(temporary, "previous"));
    rmSync(downloads, { recursive: true, force: true });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    removeIfEmpty(downloads);
  }
  const location = locateCached({ cuda }, environment);
  if (!location) throw new EngineError(`the engine was installed but is not in ${target}`);
  return location;
}

/** The wheels' files, in their order: fetched from the index, or by pip where the index cannot be used. */
async function downloadWheels(work: Work): Promise<string[]> {
  try {
    return await fetchWheels(work);
  } catch (error) {
    if (!(error instanceof IndexError)) throw error;
    const search = findPython(work.environment);
    if ("missing" in search) throw new EngineError(`${error.message} (pip as a fallback: ${search.missing})`);
    work.onProgress({ kind: "fallback", reason: error.message });
    try {
      return await downloadWithPip(work, search.python);
    } catch (failure) {
      if (!(failure instanceof EngineError)) throw failure;
      throw new EngineError(`${error.message}\n${failure.message}`, { cause: failure });
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
      throw new EngineError(`pip did not download ${wheel.file}; found ${found || "nothing"}`);
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

function assertSpace(folder: string, needed: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new EngineError(
    `installing the engine takes ${formatBytes(needed)} of free space in ${folder}, found ${formatBytes(free)}; ` +
      "free some space, or set XDG_CACHE_HOME to a folder on another disk",
  );
}

function explain(error: unknown, folder: string): unknown {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new EngineError(
      `cannot install the engine in ${folder}: the disk is full; free some space, or set XDG_CACHE_HOME to a folder on another disk`,
      { cause: error },
    );
  }
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return new EngineError(
      `cannot install the engine in ${folder}: no permission to write there; set XDG_CACHE_HOME to a folder of your own`,
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
