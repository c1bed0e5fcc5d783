import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../support/errors.js";
import { installEngine, type InstallProgress, nvidiaRequirements } from "./install.js";
import { engineCacheFolder } from "./locate.js";
import { assertPlatform } from "./platform.js";
import { CPU_WHEELS, LIBTORCH_VERSION } from "./version.js";
import { zip } from "./zip.fixture.js";

/** A python3 whose pip copies wheels from a folder, or fails as FAKE_FAILURE says. */
const fakePython = `#!/bin/sh
[ "$3" = --version ] && { echo "pip \${FAKE_PIP:-23.0.1} from somewhere"; exit 0; }
echo run >> "$FAKE_WHEELS/../log"
[ -n "$FAKE_FAILURE" ] && { echo "$FAKE_FAILURE" >&2; exit 1; }
for argument in "$@"; do case "$argument" in --dest=*) dest="\${argument#--dest=}";; esac; done
echo "  Downloading https://example.org/x/torch-${LIBTORCH_VERSION}-cp312.whl (530.7 MB)"
sleep 0.2
for argument in "$@"; do case "$argument" in
  torch==*) cp "$FAKE_WHEELS"/torch-* "$dest";;
  nvidia-*) cp "$FAKE_WHEELS"/nvidia_* "$dest";;
esac; done
`;

let folder = "";
let environment: Record<string, string> = {};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-install-"));
  for (const name of ["bin", "wheels"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "bin", "python3"), fakePython);
  chmodSync(join(folder, "bin", "python3"), 0o755);
  for (const { requirement, members } of CPU_WHEELS) writeWheel(requirement, members);
  environment = {
    XDG_CACHE_HOME: join(folder, "cache"),
    FAKE_WHEELS: join(folder, "wheels"),
    PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
  };
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function writeWheel(requirement: string, members: readonly string[]): void {
  const files: Record<string, string> = {
    "torch/lib/libtorch_cuda.so": "cuda",
    "torch-2.11.0.dist-info/METADATA": 'Requires-Dist: nvidia-cudnn-cu13==9.1; platform_system == "Linux"\n',
  };
  for (const member of members) files[member.endsWith("/") ? `${member}x.h` : member] = member;
  files["torch/version.py"] = `__version__ = '${LIBTORCH_VERSION}+cu130'`;
  const name = requirement.replace("==", "-").replaceAll(/-(?=[a-z])/g, "_");
  writeFileSync(join(folder, "wheels", `${name}-py3-none.whl`), zip(files));
}

function install(
  options: { cuda?: boolean; force?: boolean } = {},
  onProgress: (p: InstallProgress) => void = () => undefined,
) {
  return installEngine({ cuda: false, force: false, environment, onProgress, ...options });
}

function pipRuns(): number {
  const log = join(folder, "log");
  return existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0;
}

function cacheEntries(): string[] {
  return readdirSync(join(folder, "cache", "longtail"));
}

describe("an installation", () => {
  test("holds what the engine needs, and nothing else is left", async () => {
    const progress: InstallProgress[] = [];
    const location = await install({}, (step) => progress.push(step));
    const target = engineCacheFolder({}, environment);
    expect(location).toEqual({
      root: join(target, "torch"),
      version: LIBTORCH_VERSION,
      origin: "cache",
      cuda: false,
    });
    expect(readdirSync(join(target, "torch", "lib")).sort()).toEqual([
      "libc10.so",
      "libgomp.so.1",
      "libtorch.so",
      "libtorch_cpu.so",
      "libtorch_global_deps.so",
    ]);
    expect(readdirSync(join(target, "nvidia/cu13/lib")).sort()).toEqual([
      "libcudart.so.13",
      "libcupti.so.13",
    ]);
    expect(JSON.parse(readFileSync(join(target, "installed.json"), "utf8"))).toMatchObject({
      version: LIBTORCH_VERSION,
      cuda: false,
    });
    expect(cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cpu`]);
    expect(progress).toContainEqual({
      kind: "download",
      file: `torch-${LIBTORCH_VERSION}-cp312.whl`,
      size: "530.7 MB",
      bytes: 0,
    });
    expect(progress.at(-1)).toMatchObject({ kind: "extract", bytes: 30, total: 30 });
  });

  test("that is there is not made again, unless forced", async () => {
    await install();
    await install();
    expect(pipRuns()).toBe(1);
    await install({ force: true });
    expect(pipRuns()).toBe(2);
    expect(cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cpu`]);
  });

  test("is made once by two at a time; the second waits", async () => {
    const waits: InstallProgress[] = [];
    const locations = await Promise.all([
      install(),
      install({}, (step) => step.kind === "wait" && waits.push(step)),
    ]);
    expect(locations[0]).toEqual(locations[1]);
    expect(pipRuns()).toBe(1);
    expect(waits).toEqual([{ kind: "wait", pid: process.pid }]);
  });

  test("that died is cleared away by the next", async () => {
    const caches = join(folder, "cache", "longtail");
    mkdirSync(join(caches, ".install-99999999", "wheels"), { recursive: true });
    writeFileSync(join(caches, `torch-${LIBTORCH_VERSION}-cpu.lock`), "99999999");
    await install();
    expect(cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cpu`]);
  });

  test("with CUDA lies beside the other, with all of torch/lib and the NVIDIA wheels", async () => {
    const location = await install({ cuda: true });
    expect(location).toMatchObject({
      root: join(engineCacheFolder({ cuda: true }, environment), "torch"),
      cuda: true,
    });
    expect(existsSync(join(location.root, "../nvidia/cu13/lib/libcupti.so.13"))).toBe(true);
  });
});

describe("a failure says what to do", () => {
  const failures: [string, string][] = [
    [
      "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
      "the disk is full; free some space, or set XDG_CACHE_HOME",
    ],
    [
      "NewConnectionError: Failed to establish a new connection\nERROR: No matching distribution found",
      "the package index cannot be reached; check the network, the proxy and pip's configuration",
    ],
    ["ERROR: No matching distribution found for torch==2.11.0", "pip's package index does not have it"],
    ["a\nb\nc\nsomething else", "pip failed:\nb\nc\nsomething else"],
  ];
  test.each(failures)("%s", async (output, message) => {
    environment["FAKE_FAILURE"] = output;
    const installation = install();
    await expect(installation).rejects.toThrow(EngineError);
    await expect(installation).rejects.toThrow(
      `cannot download torch==${LIBTORCH_VERSION}, nvidia-cuda-runtime==13.0.96, nvidia-cuda-cupti==13.0.85: `,
    );
    await expect(installation).rejects.toThrow(message);
    expect(cacheEntries()).toEqual([]);
  });

  test("no Python", async () => {
    environment["PATH"] = join(folder, "wheels");
    await expect(install()).rejects.toThrow(
      "the engine is downloaded with pip: found no python3; install Python 3 with pip (Debian, Ubuntu: apt install python3-pip",
    );
  });

  test("a pip that is too old", async () => {
    environment["FAKE_PIP"] = "18.1";
    await expect(install()).rejects.toThrow(
      "python3 has pip 18.1, expected 20.3 or newer; install Python 3 with pip",
    );
  });

  test("a wheel without what it should hold", async () => {
    writeWheel("torch==2.11.0", ["torch/lib/libc10.so"]);
    await expect(install()).rejects.toThrow(
      "torch-2.11.0-py3-none.whl: expected torch/lib/libtorch.so in it, found none",
    );
    expect(cacheEntries()).toEqual([]);
  });

  test("a cache that is a file", async () => {
    writeFileSync(join(folder, "cache"), "");
    await expect(install()).rejects.toThrow(/cache/);
  });

  test("another platform", () => {
    expect(() => {
      assertPlatform({ system: "darwin", processor: "arm64", glibc: undefined });
    }).toThrow("the engine runs on Linux, x64, with glibc 2.28 or newer; found darwin, arm64, without glibc");
    expect(() => {
      assertPlatform({ system: "linux", processor: "x64", glibc: "2.27" });
    }).toThrow("with glibc 2.27");
    assertPlatform({ system: "linux", processor: "x64", glibc: "2.36" });
  });
});

test("the NVIDIA requirements are read from the wheel's metadata", () => {
  const metadata = `Name: torch
Requires-Dist: filelock
Requires-Dist: cuda-toolkit[cublas,cudart]==13.0.2; platform_system == "Linux"
Requires-Dist: cuda-bindings<14,>=13.0.3; platform_system == "Linux"
Requires-Dist: nvidia-cudnn-cu13==9.19.0.56; platform_system == "Linux"
Requires-Dist: triton==3.6.0; platform_system == "Linux"`;
  expect(nvidiaRequirements(metadata)).toEqual([
    "cuda-toolkit[cublas,cudart]==13.0.2",
    "nvidia-cudnn-cu13==9.19.0.56",
  ]);
});
