/** bench/record.mjs: what it makes of finished runs, and that README shows recipes/measured.json. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const commit = "0123456789abcdef0123456789abcdef01234567";
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-record-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function record(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const script = join(import.meta.dirname, "../bench/record.mjs");
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
}

/** A finished run of two experts without medium classes. */
function finishedRun({ seed, all, epochs = 2 }: { seed: number; all: number; epochs?: number }): string {
  const run = join(folder, `run-${seed}-${epochs}`);
  const accuracy = { all, many: all + 10, medium: null, few: all - 10 };
  mkdirSync(run);
  const description = {
    recipe: { name: "toy", seed, epochs, data: { root: run } },
    ...{ seed, threads: 1, kernels: "own", started: "2026-01-02T03:04:05.678Z" },
    command: [
      "longtail",
      "train",
      "toy",
      "--data",
      "/somewhere",
      "--seed",
      String(seed),
      "--out",
      run,
      "--resume",
    ],
  };
  const result = { selectedOn: "last-epoch", ensemble: accuracy, experts: [accuracy, accuracy] };
  writeFileSync(join(run, "recipe.json"), JSON.stringify(description));
  writeFileSync(join(run, "result.json"), JSON.stringify(result));
  return run;
}

test("README's table has the numbers of recipes/measured.json", () => {
  expect(record("--check")).toMatchObject({ status: 0, stderr: "" });
});

test("runs that differ only in the seed give mean and sample deviation", () => {
  const runs = [finishedRun({ seed: 0, all: 60 }), finishedRun({ seed: 1, all: 62 })];
  const { status, stdout } = record(...runs, "--commit", commit);
  expect(stdout).toMatchInlineSnapshot(`
    "toy, seeds 0, 1
      ensemble  all 61.0 ± 1.4   many 71.0 ± 1.4   medium    few 51.0 ± 1.4
      expert 1  all 61.0 ± 1.4   many 71.0 ± 1.4   medium    few 51.0 ± 1.4
      expert 2  all 61.0 ± 1.4   many 71.0 ± 1.4   medium    few 51.0 ± 1.4
    "
  `);
  expect(status).toBe(0);
});

test("runs of different recipes, and a seed given twice, are refused", () => {
  const [two, three] = [finishedRun({ seed: 2, all: 60 }), finishedRun({ seed: 3, all: 60, epochs: 9 })];
  expect(record(two, three, "--commit", commit)).toMatchObject({ status: 1 });
  expect(record(two, three, "--commit", commit).stderr).toContain(
    "expected runs that differ only in the seed",
  );
  expect(record(two, two, "--commit", commit).stderr).toContain(
    "expected a run a seed, found the seeds 2, 2",
  );
  expect(record().stderr).toContain("expected the folders of finished runs, or --check");
});
