import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../support/errors.js";
import { WheelsFixture } from "./install.fixture.js";
import type { InstallProgress } from "../package-index/install-wheels.js";
import { engineCacheFolder } from "./locate.js";
import { LIBTORCH_VERSION } from "./version.js";
import { wheelFile } from "../package-index/zip.fixture.js";

/** An index that nothing listens on, so that pip is used. */
const unreachable = "http://127.0.0.1:65535/simple";

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

let fixture: WheelsFixture;
beforeEach(() => {
  fixture = new WheelsFixture();
  const python = join(fixture.folder, "bin", "python3");
  writeFileSync(python, fakePython);
  chmodSync(python, 0o755);
  Object.assign(fixture.environment, {
    PIP_INDEX_URL: unreachable,
    PIP_RETRIES: "0",
    FAKE_WHEELS: join(fixture.folder, "wheels"),
    PATH: `${join(fixture.folder, "bin")}:/usr/bin:/bin`,
  });
});
afterEach(() => {
  fixture[Symbol.dispose]();
});

function pipRuns(): number {
  const log = join(fixture.folder, "log");
  return existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0;
}

describe("an installation", () => {
  test("holds what the engine needs, and nothing else is left", async () => {
    const progress: InstallProgress[] = [];
    const location = await fixture.install({ onProgress: (step) => progress.push(step) });
    const target = engineCacheFolder({}, fixture.environment);
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
    expect(fixture.cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cpu`]);
    expect(progress).toContainEqual({
      kind: "download",
      file: `torch-${LIBTORCH_VERSION}-cp312.whl`,
      size: "530.7 MB",
      bytes: 0,
    });
    expect(progress.at(-1)).toMatchObject({ kind: "extract", bytes: 30, total: 30 });
  });

  test("that is there is not made again, unless forced", async () => {
    await fixture.install();
    await fixture.install();
    expect(pipRuns()).toBe(1);
    await fixture.install({ force: true });
    expect(pipRuns()).toBe(2);
    expect(fixture.cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cpu`]);
  });

  test("is made once by two at a time; the second waits", async () => {
    const waits: InstallProgress[] = [];
    const locations = await Promise.all([
      fixture.install(),
      fixture.install({ onProgress: (step) => step.kind === "wait" && waits.push(step) }),
    ]);
    expect(locations[0]).toEqual(locations[1]);
    expect(pipRuns()).toBe(1);
    expect(waits).toMatchObject([{ kind: "wait", pid: process.pid }]);
  });

  test("that died is cleared away by the next", async () => {
    const caches = join(fixture.folder, "cache", "longtail");
    mkdirSync(join(caches, ".install-99999999", "wheels"), { recursive: true });
    writeFileSync(join(caches, `torch-${LIBTORCH_VERSION}-cpu.lock`), "99999999");
    await fixture.install();
    expect(fixture.cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cpu`]);
  });

  test("with CUDA lies beside the other, with all of torch/lib and the NVIDIA wheels", async () => {
    const location = await fixture.install({ cuda: true });
    expect(location).toMatchObject({
      root: join(engineCacheFolder({ cuda: true }, fixture.environment), "torch"),
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
    fixture.environment["FAKE_FAILURE"] = output;
    const installation = fixture.install();
    await expect(installation).rejects.toThrow(EngineError);
    await expect(installation).rejects.toThrow(
      `cannot download torch==${LIBTORCH_VERSION}, nvidia-cuda-runtime==13.0.96, nvidia-cuda-cupti==13.0.85: `,
    );
    await expect(installation).rejects.toThrow(message);
    expect(fixture.cacheEntries()).toEqual([]);
  });

  test("no Python: the index's own error, and that there is no pip", async () => {
    fixture.environment["PATH"] = join(fixture.folder, "wheels");
    await expect(fixture.install()).rejects.toThrowErrorMatchingInlineSnapshot(
      `[EngineError: cannot find torch-2.11.0-py3-none-any.whl: cannot reach http://127.0.0.1:65535/simple/torch/: the connection was refused; check the address and the proxy (HTTPS_PROXY) (ECONNREFUSED). Without a network the wheels can be taken from a folder (PIP_FIND_LINKS) (pip as a fallback: found no python3)]`,
    );
  });

  test("a pip that is too old", async () => {
    fixture.environment["FAKE_PIP"] = "18.1";
    await expect(fixture.install()).rejects.toThrow("python3 has pip 18.1, expected 20.3 or newer");
  });

  test("a wheel with other bytes than the published one's", async () => {
    const torch = fixture.cpu[0]?.wheel;
    if (!torch) throw new Error("the fixture has no wheel");
    const { bytes } = wheelFile(torch, { "torch/lib/libc10.so": "other" });
    writeFileSync(join(fixture.folder, "wheels", torch.file), bytes);
    const installation = fixture.install();
    await expect(installation).rejects.toThrow(`${torch.file} from `);
    await expect(installation).rejects.toThrow(
      `is not the published file: expected sha256 ${torch.sha256}, found `,
    );
    expect(fixture.cacheEntries()).toEqual([]);
  });

  test("a cache that is a file", async () => {
    writeFileSync(join(fixture.folder, "cache"), "");
    await expect(fixture.install()).rejects.toThrow(/cache/);
  });
});
