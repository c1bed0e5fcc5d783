/** bench/record.mjs, and that README and docs/results.md show recipes/measured.json. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mean } from "../src/support/math.js";
import { measured } from "../src/recipes/measured.js";

const project = join(import.meta.dirname, "..");
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

test("README and docs/results.md have the numbers of recipes/measured.json", () => {
  expect(record("--check")).toMatchObject({ status: 0, stderr: "" });
});

test("rows of a folder of results are told; what is no such folder is refused", () => {
  const { rows } = JSON.parse(readFileSync(join(project, "recipes/measured.json"), "utf8")) as {
    rows: object[];
  };
  writeFileSync(join(folder, "results.json"), JSON.stringify({ rows: rows.slice(0, 1), left: 0 }));
  const { status, stdout } = record(folder);
  expect(stdout).toMatch(
    /^caltech20-lt-balanced-softmax, seed 0: finished, 20 of 20 epochs, [\d.]+ % all\n$/,
  );
  expect(status).toBe(0);
  expect(record(project).stderr).toContain("expected results.json, as `longtail results run` writes it");
  expect(record().stderr).toContain("expected folders that `longtail results run` wrote, or --check");
});

test("README's sentences have them, too", () => {
  const text = readFileSync(join(project, "README.md"), "utf8").replaceAll("\n", " ");
  const shown =
    /classifier is correct on (\d+) % of the test images, one without the correction on (\d+) %; NCL from random weights reaches (\d+) %/.exec(
      text,
    );
  const { rows } = measured();
  const ofAll = (name: string) => {
    const found = rows.filter((row) => row.name === name).map(({ ensemble }) => ensemble!.all);
    return String(Math.round(mean(found)));
  };
  expect(shown?.slice(1)).toEqual(
    ["caltech20-lt-pretrained", "caltech20-lt-pretrained-ce", "caltech20-lt-ncl"].map(ofAll),
  );
});

test("no document has an accuracy of its own: each table of them is one of measured.json", () => {
  const pages = readdirSync(join(project, "docs")).filter((name) => name.endsWith(".md"));
  const others = ["README.md", ...pages.map((name) => `docs/${name}`)].filter(
    (name) => name !== "docs/results.md" && name !== "docs/LOG.md",
  );
  for (const name of others) {
    const own = readFileSync(join(project, name), "utf8").replace(
      /<!-- measured: [^]*?<!-- \/measured -->/g,
      "",
    );
    expect(own, name).not.toMatch(/^\|.*\| (?:many|few|ECE)(?:, %)? \|/m);
  }
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
