import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installEngine, type InstallOptions } from "./install.js";
import type { EngineLocation } from "./locate.js";
import { LIBTORCH_VERSION } from "./version.js";
import { CPU_WHEELS, CUDA_WHEELS } from "./wheels.js";
import type { WheelMembers } from "../package-index/wheel.js";
import { wheelFile } from "../package-index/zip.fixture.js";

/** Small wheels with the names and members of the published ones, and a folder for everything a test makes. */
export class WheelsFixture implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "longtail-install-"));
  readonly cpu: readonly WheelMembers[];
  readonly cuda: readonly WheelMembers[];
  readonly files = new Map<string, Buffer>();
  /** Without a Python, and with none of this machine's pip settings. */
  readonly environment: Record<string, string> = {
    HOME: this.folder,
    XDG_CACHE_HOME: join(this.folder, "cache"),
    PIP_CONFIG_FILE: "/dev/null",
    PATH: join(this.folder, "bin"),
  };

  /** @param extra files of torch's wheel beside its members. */
  constructor(extra: Readonly<Record<string, string>> = {}) {
    for (const name of ["bin", "wheels"]) mkdirSync(join(this.folder, name));
    const published = CUDA_WHEELS.map(({ wheel }, i) => {
      const members = [
        ...(CPU_WHEELS.find((one) => one.wheel.name === wheel.name)?.members ?? ["nvidia/lib/"]),
      ];
      const contents: Record<string, string> =
        i === 0 ? { "torch/lib/libtorch_cuda.so": "cuda", ...extra } : {};
      for (const member of members) contents[member.endsWith("/") ? `${member}x.h` : member] ??= member;
      if (i === 0) contents["torch/version.py"] = `__version__ = '${LIBTORCH_VERSION}+cu130'`;
      const made = wheelFile(wheel, contents);
      this.files.set(made.wheel.file, made.bytes);
      writeFileSync(join(this.folder, "wheels", made.wheel.file), made.bytes);
      return made.wheel;
    });
    const repinned = (all: readonly WheelMembers[]): WheelMembers[] =>
      all.map((kept) => ({
        ...kept,
        wheel: published.find(({ name }) => name === kept.wheel.name) ?? kept.wheel,
      }));
    this.cpu = repinned(CPU_WHEELS);
    this.cuda = repinned(CUDA_WHEELS);
  }

  install(options: InstallOptions = {}): Promise<EngineLocation> {
    return installEngine({
      cuda: false,
      force: false,
      environment: this.environment,
      onProgress: () => undefined,
      wheels: options.cuda ? this.cuda : this.cpu,
      retryDelayMs: 1,
      ...options,
    });
  }

  /** What is in longtail's cache. */
  cacheEntries(): string[] {
    return readdirSync(join(this.folder, "cache", "longtail")).sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
