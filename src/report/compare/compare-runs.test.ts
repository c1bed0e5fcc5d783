import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder, toyRecipe, writeToyData } from "../../training/toy.fixture.js";
import { trainToy } from "../../training/train-toy.fixture.js";
import { compareRuns } from "./compare-runs.js";
import { comparisonPage } from "./page.js";
import { comparisonText } from "./text.js";

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
beforeAll(async () => {
  writeToyData(folder.path);
  for (const seed of [0, 1]) {
    await trainToy(toyRecipe(folder.path, { seed }), at("runs", `seed-${seed}`));
    await trainToy(toyRecipe(folder.path, { seed, name: "longer", epochs: 3 }), at("longer", `seed-${seed}`));
  }
});
afterAll(() => {
  folder[Symbol.dispose]();
});

test("runs that differ in nothing but the seed are one row, held against the first with Welch's test", async () => {
  const { comparison, groups } = await compareRuns([at("runs"), at("longer")]);
  expect(comparison.groups.map(({ name, runs }) => [name, runs.map(({ seed }) => seed)])).toEqual([
    ["toy", [0, 1]],
    ["longer", [0, 1]],
  ]);
  expect(comparison.recipes).toEqual([{ key: "epochs", values: ["2", "3"] }]);
  expect(comparisonText(comparison)).toMatch(/in percent +seeds +all.*\ntoy +2 .* ± /);
  const page = comparisonPage(comparison, groups, { at: new Date(0), by: "test" });
  for (const title of ["Result", "Which classes change", "Curves", "Recipes and runs"])
    expect(page).toContain(`${title}</h2>`);
});

test("recipes of the same name are told apart by their folders", async () => {
  await trainToy(toyRecipe(folder.path, { epochs: 3 }), at("lr", "seed-0"));
  const names = async (...paths: string[]): Promise<string[]> =>
    (await compareRuns(paths)).comparison.groups.map(({ name }) => name);
  expect(await names(at("runs"), at("lr"))).toEqual(["toy (runs)", "toy (seed-0)"]);
  expect(await names(at("runs", "seed-0"), at("lr", "seed-0"))).toEqual([
    "toy (runs/seed-0)",
    "toy (lr/seed-0)",
  ]);
});

test("of single runs nothing is claimed; the same seed again counts once", async () => {
  mkdirSync(at("copies"));
  cpSync(at("runs", "seed-0"), at("copies", "again"), { recursive: true });
  const { comparison } = await compareRuns([at("runs", "seed-0"), at("copies"), at("longer", "seed-0")]);
  expect(comparison.groups.map(({ runs }) => runs.length)).toEqual([1, 1]);
  expect(comparison.differences[0]?.measures.all?.test).toBeNull();
  expect(comparison.notes.join("\n")).toMatch(/again is .*seed-0 again[^]*cannot be said/);
});

test("a folder without runs is named", async () => {
  await expect(compareRuns([at("train")])).rejects.toThrow("train: expected a run's folder");
});
