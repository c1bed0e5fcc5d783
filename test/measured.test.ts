/** bench/record.mjs: what it makes of finished runs, and that README shows recipes/measured.json. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const project = join(import.meta.dirname, "..");
const commit = "0123456789abcdef0123456789abcdef01234567";
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-record-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function record(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const script = join(project, "bench/record.mjs");
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

/** Blocks of bench/RESULTS.md by their title, and of each the competitors' numbers: ratio of wall and of CPU time, memory. */
function benchResults(): Map<string, Map<string, readonly number[]>> {
  const text = readFileSync(join(project, "bench/RESULTS.md"), "utf8");
  const races = [...text.matchAll(/^(.*)\n +wall ms .*\n((?:\S.*GiB\n)+)/gm)];
  const row = /^(.*?) {2,}[\d.]+ +[\d.]+ +([\d.]+) \(.*\) +([\d.]+) +([\d.]+) GiB$/gm;
  const numbers = (rows: string) =>
    [...rows.matchAll(row)].map(([, name, ...values]) => [name!, values.map(Number)] as const);
  return new Map(races.map(([, title, rows]) => [title!, new Map(numbers(rows!))]));
}

test.each([
  ["step, 3 × ResNet-32, batch 64", "step: 3 x resnet32, batch 64, 32 px, 2 threads"],
  ["step, 3 × ResNet-20, batch 128", "step: 3 x resnet20, batch 128, 32 px, 2 threads"],
  ["step, ResNet-50, 224 px, batch 8", "step: 1 x resnet50, batch 8, 224 px, 2 threads"],
  ["predictions, 3 × ResNet-32, batch 128", "inference: 3 x resnet32, batch 128, 32 px, 2 threads"],
  ["predictions, ResNet-50, 224 px, batch 8", "inference: 1 x resnet50, batch 8, 224 px, 2 threads"],
  ["an epoch of cifar100-lt-ncl", "epoch of 2001 images: cifar100-lt-ncl, 2 threads"],
  ["evaluation of 10,000 images", "evaluation of 10000 images: 3 x resnet32, 32 px, 2 threads"],
])("docs/performance.md has the numbers of bench/RESULTS.md: %s", (label, title) => {
  const page = readFileSync(join(project, "docs/performance.md"), "utf8");
  const line = page.split("\n").find((one) => one.startsWith(`| ${label}`))!;
  const shown = [
    ...line
      .split("|")
      .slice(2)
      .join(" ")
      .matchAll(/\d\.\d\d/g),
  ].map(Number);
  const [[, first] = [], ...others] = [...benchResults().get(title)!];
  const measured = others.flatMap(([, [wall, cpu]]) => [wall!, cpu!]);
  const memory = others.at(-1)![1][2]! / first![2]!;
  const expected = [...measured, memory];
  expect(shown).toHaveLength(expected.length);
  for (const [i, value] of shown.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(0.0101);
});
