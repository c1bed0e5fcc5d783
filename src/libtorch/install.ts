import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../support/atomic-file.js";
import { prettyJson } from "../support/json.js";
import { EngineError, systemCode } from "../support/errors.js";
import { removeLeftovers } from "../support/leftovers.js";
import { formatBytes } from "../support/units.js";
import { withLock } from "./install-lock.js";
import { engineCacheFolder, type EngineLocation, locateCached } from "./locate.js";
import type { Environment } from "../support/cache-folder.js";
import { findPython, pipDownload } from "./pip.js";
import { assertPlatform } from "./platform.js";
import { CPU_WHEELS, CUDA_WHEELS, LIBTORCH_VERSION, NEEDED_BYTES, type WheelParts } from "./version.js";
import { extractWheel } from "./wheel.js";

export type InstallProgress =
  | { readonly kind: "wait"; readonly pid: number }
  /** Bytes on the disk so far of all wheels; `size` is that of the file as pip says it. */
  | { readonly kind: "download"; readonly file: string; readonly size: string; readonly bytes: number }
  | { readonly kind: "extract"; readonly file: string; readonly bytes: number; readonly total: number };

export interface InstallOptions {
  readonly cuda: boolean;
  /** Install again though it is there. */
  readonly force: boolean;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly environment?: Environment;
}

/** What the steps of one installation share. */
interface Work extends Required<InstallOptions> {
  readonly python: string;
  readonly wheels: string;
  readonly temporary: string;
  readonly tree: string;
}

const leftover = ".install-";

/**
 * Downloads libtorch's wheels with pip and unpacks what the engine needs into the per-user cache. The
 * installation appears whole or not at all; a second process waits for the first and finds it done.
 *
 * @throws EngineError that says what to do: no Python, no network, a full disk, another platform.
 */
export async function installEngine(options: InstallOptions): Promise<EngineLocation> {
  const { cuda, force, onProgress, environment = process.env } = options;
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
      return meanwhile && !force ? meanwhile : await installInto(target, { ...options, environment });
    });
  } catch (error) {
    throw explain(error, dirname(target));
  }
}

async function installInto(target: string, options: Required<InstallOptions>): Promise<EngineLocation> {
  const { cuda, environment } = options;
  const caches = dirname(target);
  removeLeftovers(caches, leftover);
  assertSpace(caches, cuda ? NEEDED_BYTES.cuda : NEEDED_BYTES.cpu);
  const folder = join(caches, `${leftover}${process.pid}`);
  const [wheels, temporary, tree] = ["wheels", "temporary", "tree"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [wheels, temporary, tree]) mkdirSync(path, { recursive: true });
  const work = { ...options, python: findPython(environment), wheels, temporary, tree };
  try {
    await (cuda ? buildCudaTree(work) : buildCpuTree(work));
    const installed = {
      version: LIBTORCH_VERSION,
      cuda,
      wheels: readdirSync(wheels).sort(),
      time: new Date().toISOString(),
    };
    writeFileAtomic(join(tree, "installed.json"), prettyJson(installed));
    replaceFolder(tree, target, join(folder, "previous"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const location = locateCached({ cuda }, environment);
  if (!location) throw new EngineError(`the engine was installed but is not in ${target}`);
  return location;
}

async function buildCpuTree(work: Work): Promise<void> {
  await download(
    work,
    CPU_WHEELS.map(({ requirement }) => requirement),
    { dependencies: false },
  );
  for (const parts of CPU_WHEELS) await extract(work, parts);
}

async function buildCudaTree(work: Work): Promise<void> {
  const { torch, metadata, nvidiaMembers } = CUDA_WHEELS;
  await download(work, [torch.requirement], { dependencies: false });
  await extract(work, torch);
  const before = new Set(readdirSync(work.wheels));
  const requirements = nvidiaRequirements(readFileSync(join(work.tree, metadata), "utf8"));
  await download(work, requirements, { dependencies: true });
  const added = readdirSync(work.wheels).filter((name) => !before.has(name) && name.startsWith("nvidia"));
  for (const name of added) await extractFile(work, name, nvidiaMembers);
}

/** The NVIDIA libraries among a wheel's requirements; its Python packages are of no use here. */
export function nvidiaRequirements(metadata: string): string[] {
  const lines = metadata.matchAll(/^Requires-Dist: ((?:cuda-toolkit|nvidia-)[^;\s]*)/gm);
  return [...lines].map(([, requirement]) => requirement ?? "");
}

async function download(
  work: Work,
  requirements: readonly string[],
  { dependencies }: { dependencies: boolean },
): Promise<void> {
  const { python, wheels: folder, temporary, environment, onProgress } = work;
  let current = { file: requirements[0] ?? "", size: "" };
  const report = (): void => {
    onProgress({ kind: "download", ...current, bytes: folderSize(folder) + folderSize(temporary) });
  };
  const timer = setInterval(report, 500);
  try {
    const onFile = (file: string, size: string): void => {
      current = { file, size };
      report();
    };
    await pipDownload({ python, requirements, dependencies, folder, temporary, environment, onFile });
  } finally {
    clearInterval(timer);
  }
}

async function extract(work: Work, { requirement, members }: WheelParts): Promise<void> {
  const prefix = `${requirement.replace("==", "-").replaceAll(/-(?=[a-z])/g, "_")}-`;
  const file = readdirSync(work.wheels).find((name) => name.startsWith(prefix));
  if (file === undefined) throw new EngineError(`pip did not download ${requirement}`);
  await extractFile(work, file, members);
}

async function extractFile(
  { wheels, tree, onProgress }: Work,
  file: string,
  members: readonly string[],
): Promise<void> {
  await extractWheel(join(wheels, file), members, tree, (bytes, total) => {
    onProgress({ kind: "extract", file, bytes, total });
  });
}

/** Puts a folder in another's place; both renames are atomic. */
function replaceFolder(source: string, target: string, aside: string): void {
  if (existsSync(target)) renameSync(target, aside);
  renameSync(source, target);
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
