import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineError } from "../support/errors.js";
import { engineCacheFolder, locateEngine } from "./locate.js";
import { LIBTORCH_VERSION } from "./version.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-engine-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function fakeEngine(root: string, version: string, libraries: readonly string[] = []): void {
  mkdirSync(join(root, "lib"), { recursive: true });
  for (const name of ["libtorch_cpu.so", ...libraries]) writeFileSync(join(root, "lib", name), "");
  writeFileSync(join(root, "version.py"), `__version__ = '${version}'\n`);
}

test("without an engine the error says where it was expected and how to install it", () => {
  const locate = (): unknown => locateEngine({ XDG_CACHE_HOME: folder });
  expect(locate).toThrow(EngineError);
  expect(locate).toThrow(
    `the engine (libtorch ${LIBTORCH_VERSION}) is not installed: expected in ${folder}/longtail/torch-${LIBTORCH_VERSION}-cpu; ` +
      "install it with `npm run setup` or `npx longtail engine install`",
  );
});

test("the cache is used, CUDA first", () => {
  const environment = { XDG_CACHE_HOME: folder };
  fakeEngine(join(engineCacheFolder({}, environment), "torch"), "2.11.0+cu130");
  expect(locateEngine(environment)).toMatchObject({ version: "2.11.0", origin: "cache", cuda: false });
  fakeEngine(join(engineCacheFolder({ cuda: true }, environment), "torch"), "2.11.0", ["libtorch_cuda.so"]);
  expect(locateEngine(environment)).toMatchObject({ cuda: true });
});

test("LONGTAIL_TORCH goes first", () => {
  fakeEngine(folder, LIBTORCH_VERSION);
  expect(locateEngine({ LONGTAIL_TORCH: folder })).toEqual({
    root: folder,
    version: LIBTORCH_VERSION,
    origin: "LONGTAIL_TORCH",
    cuda: false,
  });
});

test("an unpacked libtorch has its version in build-version", () => {
  mkdirSync(join(folder, "lib"));
  writeFileSync(join(folder, "lib", "libtorch_cpu.so"), "");
  writeFileSync(join(folder, "build-version"), "2.11.0+cpu\n");
  expect(locateEngine({ LONGTAIL_TORCH: folder }).version).toBe(LIBTORCH_VERSION);
});

test("another version is refused with both versions", () => {
  fakeEngine(folder, "2.10.1");
  expect(() => locateEngine({ LONGTAIL_TORCH: folder })).toThrow(
    `the engine in ${folder} (from LONGTAIL_TORCH) is libtorch 2.10.1, expected ${LIBTORCH_VERSION}; point LONGTAIL_TORCH elsewhere`,
  );
});

test("a folder without the library says what is missing", () => {
  expect(() => locateEngine({ LONGTAIL_TORCH: folder })).toThrow(
    `no engine in ${folder} (from LONGTAIL_TORCH): expected lib/libtorch_cpu.so there`,
  );
});
