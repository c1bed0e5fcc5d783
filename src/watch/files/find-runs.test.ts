import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findRuns } from "../watcher.js";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "longtail-runs-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(path: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), "{}\n");
}

test("runs, and runs in folders; what lies in a run is the run's", async () => {
  for (const path of ["tour/recipe.json", "quickstart/ce/metrics.jsonl", "five/seed-0/recipe.json"])
    put(path);
  put("tour/report/recipe.json");
  put("notes/readme.txt");
  put(".hidden/recipe.json");
  expect(await findRuns(root)).toEqual({
    paths: ["five/seed-0", "quickstart/ce", "tour"],
    complete: true,
  });
});

test("the folder itself may be a run", async () => {
  put("recipe.json");
  expect((await findRuns(root)).paths).toEqual(["."]);
});

test("links are not followed, neither to folders nor to files", async () => {
  put("inside/tour/recipe.json");
  symlinkSync(join(root, "inside"), join(root, "loop"));
  mkdirSync(join(root, "other"));
  symlinkSync(join(root, "inside/tour/recipe.json"), join(root, "other/recipe.json"));
  expect((await findRuns(root)).paths).toEqual(["inside/tour"]);
});

test("a folder that is not there has no runs", async () => {
  expect((await findRuns(join(root, "none"))).paths).toEqual([]);
});
