import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

function run(script: string, args: readonly string[], environment: Record<string, string> = {}) {
  return spawnSync(process.execPath, [join(root, "scripts", script), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
}

test("without a compiler set-up ends before it installs anything, and says what to install", () => {
  const { status, stderr } = run("setup.mjs", [], { CXX: "no-such-compiler" });
  expect(stderr).toMatch(/^setup: Node\.js: Node\.js \d+/);
  expect(stderr).toContain(
    "setup: a C++20 compiler is needed (g++ 10 or newer): no-such-compiler was not found. " +
      "Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; or name another in the environment variable CXX",
  );
  expect(stderr).not.toContain("dependencies");
  expect(status).toBe(1);
});

test("a compiler without C++20 is no compiler", () => {
  const { status, stderr } = run("setup.mjs", [], { CXX: "false" });
  expect(stderr).toContain("false does not compile C++20");
  expect(status).toBe(1);
});

test("the lock file has every optional package, so that npm ci takes it", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const present = new Set(Object.keys(lock.packages).map((path) => path.split("node_modules/").at(-1)));
  const wanted = Object.values(lock.packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
  expect(wanted.filter((name) => !present.has(name))).toEqual([]);
});

test("a missing test report counts as a failure", () => {
  const { stdout } = run("count-tests.mjs", ["/no/such/report.json", "0"]);
  expect(stdout).toBe("no test ran: there is no report\n1 passed, 1 failed\n");
});
