import { expect, test } from "vitest";
import { EngineError } from "../support/errors.js";
import { assertPlatform, type Platform } from "./platform.js";

/** What is said on such a machine. */
function messageOn(platform: Platform): string {
  try {
    assertPlatform(platform);
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return (error as Error).message;
  }
  return "runs";
}

test("macOS", () => {
  expect(messageOn({ system: "darwin", processor: "arm64", glibc: undefined })).toMatchInlineSnapshot(
    `"the engine runs on Linux, x64, with glibc 2.28 or newer; found darwin, arm64, without glibc. On a Mac use a Linux container (docker run --platform linux/amd64 -it node:22 bash; slow on Apple processors) or a Linux machine. Commands that compute nothing work here, too: recipes, report, compare, watch."`,
  );
});

test("Windows", () => {
  expect(messageOn({ system: "win32", processor: "x64", glibc: undefined })).toMatchInlineSnapshot(
    `"the engine runs on Linux, x64, with glibc 2.28 or newer; found win32, x64, without glibc. On Windows use WSL 2 (wsl --install) with Node.js inside it. Commands that compute nothing work here, too: recipes, report, compare, watch."`,
  );
});

test("musl", () => {
  expect(messageOn({ system: "linux", processor: "x64", glibc: undefined })).toMatchInlineSnapshot(
    `"the engine runs on Linux, x64, with glibc 2.28 or newer; found linux, x64, without glibc. On Alpine and others with musl use a distribution with glibc, for containers node:22 in place of node:22-alpine. Commands that compute nothing work here, too: recipes, report, compare, watch."`,
  );
});

test("an ARM processor", () => {
  expect(messageOn({ system: "linux", processor: "arm64", glibc: "2.36" })).toMatchInlineSnapshot(
    `"the engine runs on Linux, x64, with glibc 2.28 or newer; found linux, arm64, with glibc 2.36. Use a machine with an x64 processor, or an emulated one (docker run --platform linux/amd64 -it node:22 bash; slow). Commands that compute nothing work here, too: recipes, report, compare, watch."`,
  );
});

test("an old glibc", () => {
  expect(messageOn({ system: "linux", processor: "x64", glibc: "2.27" })).toMatchInlineSnapshot(
    `"the engine runs on Linux, x64, with glibc 2.28 or newer; found linux, x64, with glibc 2.27. Use a newer distribution: Debian 10, Ubuntu 20.04, RHEL 8 and later ones have it. Commands that compute nothing work here, too: recipes, report, compare, watch."`,
  );
});

test("another system", () => {
  expect(messageOn({ system: "freebsd", processor: "x64", glibc: undefined })).toMatchInlineSnapshot(
    `"the engine runs on Linux, x64, with glibc 2.28 or newer; found freebsd, x64, without glibc. Use a Linux machine. Commands that compute nothing work here, too: recipes, report, compare, watch."`,
  );
});

test.each(["2.28", "2.36", "3.0"])("glibc %s is new enough", (glibc) => {
  expect(messageOn({ system: "linux", processor: "x64", glibc })).toBe("runs");
});

test("this machine is one", () => {
  expect(() => {
    assertPlatform();
  }).not.toThrow();
});
