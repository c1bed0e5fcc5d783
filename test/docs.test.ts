/** The site about the library's API: every export has a doc comment with an example, and nothing is a dead link. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../src/training/toy.fixture.js";

test("npm run docs writes the site without a warning", async () => {
  using temporary = temporaryFolder();
  const script = join(import.meta.dirname, "../scripts/build-docs.mjs");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, temporary.path]);
  expect(stdout + stderr).not.toMatch(/warning|error/);
  for (const page of ["functions/train", "functions/load", "interfaces/TrainedModel", "classes/UsageError"])
    expect(existsSync(join(temporary.path, `${page}.html`))).toBe(true);
});
