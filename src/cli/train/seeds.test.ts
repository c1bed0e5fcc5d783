/** Several seeds of a recipe, and a run trained again. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { longtail, quick, smallPhotographs } from "../cli.fixture.js";
import type { SeedsResult } from "../../index.js";

let photographs = "";
let out = "";
beforeAll(() => {
  photographs = smallPhotographs();
  out = join(photographs, "runs");
});
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

test("--seeds trains each and gives mean and deviation; reproduce finds the same result", async () => {
  const settings = ["--data", photographs, "--out", out, "--threads", "1", ...quick];
  const { code, stdout } = await longtail(
    "train",
    "caltech20-lt-ce",
    ...settings,
    "--seed",
    "4",
    "--seeds",
    "2",
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/2 seeds, mean ± standard deviation:\naccuracy, % .*\nmodel +\d+\.\d ± \d+\.\d/);
  const summary = JSON.parse(readFileSync(join(out, "seeds.json"), "utf8")) as SeedsResult;
  expect(summary.seeds).toEqual([4, 5]);
  const results = summary.runs.map(
    (run) => JSON.parse(readFileSync(join(run, "result.json"), "utf8")) as { ensemble: { all: number } },
  );
  expect(summary.ensemble.all?.values).toEqual(results.map(({ ensemble }) => ensemble.all));

  const again = await longtail("reproduce", summary.runs[0]!, "--json");
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toEqual({
    run: summary.runs[0],
    again: `${summary.runs[0]!}-again`,
    same: true,
    differences: [],
  });
});

test("reproduce says what is not as it was, and that the result differs", async () => {
  const run = join(out, "seed-4");
  const path = join(run, "result.json");
  const before = readFileSync(path, "utf8");
  writeFileSync(path, before.replace(/"all": [\d.]+/, '"all": 1.5'));
  const { code, stdout, stderr } = await longtail(
    "reproduce",
    run,
    "--threads",
    "2",
    "--out",
    join(out, "other"),
  );
  expect(stdout + stderr).toContain("not as it was: threads: 1 then, 2 now");
  expect(stdout).toMatch(/accuracy of the ensemble, % .*\nthen +1\.5/);
  expect(code).toBe(1);
});
