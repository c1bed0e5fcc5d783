import { EngineError } from "../support/errors.js";

/** What decides whether the published libtorch runs here. */
export interface Platform {
  readonly system: string;
  readonly processor: string;
  /** Undefined where the C library is another one. */
  readonly glibc: string | undefined;
}

const oldestGlibc = [2, 28] as const;

/** @throws EngineError when the wheel's libraries cannot run on this machine. */
export function assertPlatform({ system, processor, glibc }: Platform = thisPlatform()): void {
  const [major = 0, minor = 0] = (glibc ?? "").split(".").map(Number);
  const isRecent = major > oldestGlibc[0] || (major === oldestGlibc[0] && minor >= oldestGlibc[1]);
  if (system === "linux" && processor === "x64" && isRecent) return;
  const library = glibc === undefined ? "without glibc" : `with glibc ${glibc}`;
  throw new EngineError(
    `the engine runs on Linux, x64, with glibc ${oldestGlibc.join(".")} or newer; found ${system}, ${processor}, ${library}`,
  );
}

function thisPlatform(): Platform {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true; // it would look up names
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  return { system: process.platform, processor: process.arch, glibc: header.glibcVersionRuntime };
}
