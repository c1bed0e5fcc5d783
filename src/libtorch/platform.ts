import { EngineError } from "../support/errors.js";

/** What decides whether the published libtorch runs here. */
export interface Platform {
  readonly system: string;
  readonly processor: string;
  /** Undefined where the C library is another one. */
  readonly glibc: string | undefined;
}

const minGlibc = [2, 28] as const;

/** Works everywhere: none of these commands computes with tensors. */
const everywhere = "Commands that compute nothing work here, too: recipes, report, compare, watch.";

/** @throws EngineError when the wheel's libraries cannot run on this machine; it says what works instead. */
export function assertPlatform({ system, processor, glibc }: Platform = thisPlatform()): void {
  if (system === "linux" && processor === "x64" && isRecent(glibc)) return;
  const library = glibc === undefined ? "without glibc" : `with glibc ${glibc}`;
  throw new EngineError(
    `the engine runs on Linux, x64, with glibc ${minGlibc.join(".")} or newer; found ${system}, ${processor}, ${library}. ` +
      `${alternative({ system, processor, glibc })} ${everywhere}`,
  );
}

function isRecent(glibc: string | undefined): boolean {
  const [major = 0, minor = 0] = (glibc ?? "").split(".").map(Number);
  return major > minGlibc[0] || (major === minGlibc[0] && minor >= minGlibc[1]);
}

function alternative({ system, processor, glibc }: Platform): string {
  const container = "docker run --platform linux/amd64 -it node:22 bash";
  if (system === "win32") return "On Windows use WSL 2 (wsl --install) with Node.js inside it.";
  if (system === "darwin")
    return `On a Mac use a Linux container (${container}; slow on Apple processors) or a Linux machine.`;
  if (system !== "linux") return "Use a Linux machine.";
  if (processor !== "x64")
    return `Use a machine with an x64 processor, or an emulated one (${container}; slow).`;
  return glibc === undefined
    ? "On Alpine and others with musl use a distribution with glibc, for containers node:22 in place of node:22-alpine."
    : "Use a newer distribution: Debian 10, Ubuntu 20.04, RHEL 8 and later ones have it.";
}

function thisPlatform(): Platform {
  const { platform: system, arch: processor } = process;
  if (system !== "linux" || processor !== "x64") return { system, processor, glibc: undefined };
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true; // it would look up names
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  return { system, processor, glibc: header.glibcVersionRuntime };
}
