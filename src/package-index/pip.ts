import { spawn, spawnSync } from "node:child_process";
import { DownloadError } from "../support/errors.js";
import type { Environment } from "../support/paths.js";

/** Wheels are chosen for the engine, not for the Python that happens to be installed. */
const target = [
  "--only-binary=:all:",
  "--python-version=3.12",
  "--platform=manylinux2014_x86_64",
  // pip takes them one by one: each of NVIDIA's wheels is for another.
  ...Array.from({ length: 12 }, (_, minor) => `--platform=manylinux_2_${minor + 17}_x86_64`),
];
const quiet = ["--disable-pip-version-check", "--no-input", "--no-cache-dir", "--progress-bar=off"];
const oldestPip = [20, 3] as const;

export type PythonSearch =
  | { readonly python: string }
  /** Why there is no pip to use: "found no python3". */
  | { readonly missing: string };

/** Finds a Python that has pip. It only downloads; nothing of it is used later. */
export function findPython(environment: Environment): PythonSearch {
  let found: string | undefined;
  for (const python of ["python3", "python"]) {
    const { stdout, error } = spawnSync(python, ["-m", "pip", "--version"], {
      env: environment,
      encoding: "utf8",
    });
    if (error) continue;
    const version = /^pip (\d+)\.(\d+)/.exec(stdout);
    if (version && isRecent(Number(version[1]), Number(version[2]))) return { python };
    const pip = version
      ? `pip ${version[1] ?? ""}.${version[2] ?? ""}, expected ${oldestPip.join(".")} or newer`
      : "no pip";
    found ??= `${python} has ${pip}`;
  }
  return { missing: found ?? "found no python3" };
}

function isRecent(major: number, minor: number): boolean {
  return major > oldestPip[0] || (major === oldestPip[0] && minor >= oldestPip[1]);
}

export interface DownloadOptions {
  readonly python: string;
  readonly requirements: readonly string[];
  readonly folder: string;
  /** Where pip keeps what it has not finished. */
  readonly temporary: string;
  readonly environment: Environment;
  /** Called as a file starts, with its name and its size as pip says it ("530.7 MB"). */
  readonly onFile: (name: string, size: string) => void;
}

/** Downloads wheels into a folder. Throws DownloadError that says why not and what to do. */
export async function pipDownload(options: DownloadOptions): Promise<void> {
  const { python, requirements, folder, temporary, environment, onFile } = options;
  const child = spawn(
    python,
    ["-m", "pip", "download", ...quiet, ...target, "--no-deps", `--dest=${folder}`, ...requirements],
    { env: { ...environment, TMPDIR: temporary }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  const listen = (text: string): void => {
    output += text;
    for (const [, name, size] of text.matchAll(/Downloading \S*?([^/\s]+\.whl)\S* \(([^)]+)\)/g)) {
      onFile(name ?? "", size ?? "");
    }
  };
  child.stdout.setEncoding("utf8").on("data", listen);
  child.stderr.setEncoding("utf8").on("data", listen);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (status !== 0) throw new DownloadError(explainFailure(output, requirements));
}

/** pip's output, in one sentence and what to do. */
function explainFailure(output: string, requirements: readonly string[]): string {
  const what = `cannot download ${requirements.join(", ")}`;
  if (/No space left on device|Errno 28\b/.test(output)) {
    return `${what}: the disk is full; free some space, or set XDG_CACHE_HOME to a folder on another disk`;
  }
  if (
    /name resolution|Name or service not known|NewConnectionError|Network is unreachable|timed out|ProxyError/i.test(
      output,
    )
  ) {
    return `${what}: the package index cannot be reached; check the network, the proxy and pip's configuration, then run it again`;
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    return `${what}: pip's package index does not have it for Linux on x86-64; check pip's configuration (pip config list)`;
  }
  const last = output.trim().split("\n").slice(-3).join("\n");
  return `${what}: pip failed:\n${last}`;
}
